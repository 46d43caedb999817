/// Durations as Go's `time.ParseDuration` reads them: `200ms`, `1.5s`, `1h30m`.
///
/// Source of the format: https://pkg.go.dev/time#ParseDuration. Negative durations are refused: none of the fields means one.
public enum GoDuration {
    /// - Returns: `nil` if it is not one, or longer than the 292 years that fit into 64 bits of nanoseconds.
    public static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var rest = Substring(text)
        var nanoseconds: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let whole = rest.prefix(while: isDigit)
            rest = rest.dropFirst(whole.count)
            var fraction = Substring()
            if rest.first == "." {
                rest = rest.dropFirst()
                fraction = rest.prefix(while: isDigit)
                rest = rest.dropFirst(fraction.count)
            }
            guard !(whole.isEmpty && fraction.isEmpty), let unit = units.first(where: { rest.hasPrefix($0.name) })
            else { return nil }
            rest = rest.dropFirst(unit.name.count)
            guard let value = Int64("0" + whole) else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: unit.nanoseconds)
            let (sum, sumOverflow) = nanoseconds.addingReportingOverflow(scaled)
            guard !overflow, !sumOverflow else { return nil }
            nanoseconds = sum
            // Digits beyond the nanosecond are cut off digit by digit, as Go does.
            var scale = unit.nanoseconds
            for digit in fraction {
                scale /= 10
                let (sum, overflow) = nanoseconds.addingReportingOverflow(Int64(digit.wholeNumberValue ?? 0) * scale)
                guard !overflow else { return nil }
                nanoseconds = sum
            }
        }
        return .nanoseconds(nanoseconds)
    }

    /// What to say to somebody who wrote something else.
    public static func hint(for text: String) -> String {
        let digits = text.prefix(while: isDigit)
        let unit = text.dropFirst(digits.count).trimmingPrefix(while: { $0 == " " }).lowercased()
        if !digits.isEmpty {
            switch unit {
            case "": return "A unit is missing: `\(digits)s` for seconds, `\(digits)ms` for milliseconds"
            case "d", "day", "days":
                if let days = Int64(digits), days < 36_500 { return "Go has no days: write `\(days * 24)h`" }
            case "sec", "secs", "second", "seconds": return "Write `\(digits)s`"
            case "min", "mins", "minute", "minutes": return "Write `\(digits)m`"
            case "hour", "hours", "hr", "hrs": return "Write `\(digits)h`"
            default: break
            }
        }
        return "Durations are written like `200ms`, `5s`, `10m` or `1h30m`"
    }

    /// The duration as one would write it: `200ms`, `1h30m`. Fractions of a millisecond are cut off.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        var text = ""
        if seconds >= 3600 { text += "\(seconds / 3600)h" }
        if seconds / 60 % 60 > 0 { text += "\(seconds / 60 % 60)m" }
        if seconds % 60 > 0 { text += "\(seconds % 60)s" }
        if milliseconds > 0 { text += "\(milliseconds)ms" }
        return text.isEmpty ? "0s" : text
    }

    /// Longer names before those they begin with.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
