/// What the queries did lately, in parts of about the same length.
struct StatementTimeline: Sendable {
    private(set) var buckets: [StatementBucket] = []
    private let settings: PerformanceSettings
    /// Whether the next bucket begins a new part however short the last one is: something has happened in between.
    private var isCut = false

    /// Reached only when runs begin and end all the time.
    private static let limit = 64

    init(_ settings: PerformanceSettings) {
        self.settings = settings
    }

    mutating func append(_ bucket: StatementBucket) {
        if let last = buckets.last, !isCut, last.end == bucket.begin,
            last.length + bucket.length <= settings.part * 11 / 10
        {
            buckets[buckets.count - 1].merge(bucket)
        } else {
            buckets.append(bucket)
        }
        isCut = false
        let horizon = bucket.end - settings.window - settings.part
        buckets.removeAll { $0.end < horizon }
        if buckets.count > Self.limit { buckets.removeFirst(buckets.count - Self.limit) }
    }

    /// Has what comes be kept apart from what was.
    mutating func cut() { isCut = true }

    mutating func clear() { buckets = [] }

    /// The parts that lie wholly between two times.
    func buckets(from begin: Timestamp, until end: Timestamp? = nil) -> ArraySlice<StatementBucket> {
        // They are in order of time, and none overlaps another.
        let first = buckets.firstIndex { $0.begin >= begin } ?? buckets.endIndex
        let last = end.map { end in buckets.lastIndex { $0.end <= end }.map { $0 + 1 } ?? 0 } ?? buckets.endIndex
        return first < last ? buckets[first..<last] : []
    }
}
