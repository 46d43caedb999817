/// The range vector that a function looks at, and the stretch of time it was asked for.
struct RangeWindow {
    var series: [SeriesSamples]
    /// Milliseconds since the epoch.
    var start: Int64
    /// Milliseconds since the epoch.
    var end: Int64
}
