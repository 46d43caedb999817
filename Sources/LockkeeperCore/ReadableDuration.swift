extension Duration {
    /// For people, in at most two units: `450ms`, `12s`, `2m 5s`, `1h 3m`, `2d 4h`. Negative durations read as `0s`.
    public var readable: String {
        let milliseconds = microseconds / 1000
        guard milliseconds > 0 else { return "0s" }
        guard milliseconds >= 1000 else { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1000
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return Self.units(seconds / 60, "m", seconds % 60, "s")
        case ..<86_400: return Self.units(seconds / 3600, "h", seconds % 3600 / 60, "m")
        default: return Self.units(seconds / 86_400, "d", seconds % 86_400 / 3600, "h")
        }
    }

    private static func units(_ major: Int64, _ majorUnit: String, _ minor: Int64, _ minorUnit: String) -> String {
        minor == 0 ? "\(major)\(majorUnit)" : "\(major)\(majorUnit) \(minor)\(minorUnit)"
    }
}
