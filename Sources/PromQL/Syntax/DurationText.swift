/// Why a text is no duration.
public struct DurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what was expected.
    public let message: String
    /// The message.
    public var description: String { message }
}

/// Durations as Prometheus writes them: `1h30m`, units `y w d h m s ms` from large to small, each at most once,
/// whole numbers (https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations).
public enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000),
        ("s", 1000), ("ms", 1),
    ]

    /// Prometheus counts nanoseconds in 64 bits, about 292 years.
    static let longest: Int64 = Int64.max / 1_000_000

    /// The milliseconds of a duration; `0` needs no unit.
    ///
    /// - Throws: `DurationError` when it is none.
    public static func milliseconds(_ text: String) throws(DurationError) -> Int64 {
        if text == "0" { return 0 }
        let bytes = Array(text.utf8)
        if bytes.isEmpty { throw DurationError(message: "empty duration, expected for example 30s or 1h30m") }
        var total: Int64 = 0
        var next = 0
        var index = 0
        while index < bytes.count {
            var number: Int64 = 0
            let numberStart = index
            while index < bytes.count, bytes[index].isASCIIDigit {
                let (product, overflow) = number.multipliedReportingOverflow(by: 10)
                if overflow || product > longest { throw tooLong(text) }
                number = product + Int64(bytes[index] - UInt8(ascii: "0"))
                index += 1
            }
            let unitStart = index
            while index < bytes.count, !bytes[index].isASCIIDigit { index += 1 }
            let suffix = String(decoding: bytes[unitStart..<index], as: UTF8.self)
            guard unitStart > numberStart, let unit = units.firstIndex(where: { $0.suffix == suffix }) else {
                throw DurationError(
                    message: "bad duration \(QuotedString.quote(text)), expected whole numbers with units "
                        + "y, w, d, h, m, s or ms, for example 1h30m")
            }
            guard unit >= next else {
                throw DurationError(
                    message: "bad duration \(QuotedString.quote(text)): units go from large to small, each once")
            }
            next = unit + 1
            let (product, productOverflow) = number.multipliedReportingOverflow(by: units[unit].milliseconds)
            let (sum, sumOverflow) = total.addingReportingOverflow(product)
            if productOverflow || sumOverflow || sum > longest { throw tooLong(text) }
            total = sum
        }
        return total
    }

    /// A duration as Prometheus prints it: years and weeks only when they come out even.
    public static func text(_ milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var rest = milliseconds.magnitude
        var result = milliseconds < 0 ? "-" : ""
        for (index, unit) in units.enumerated() {
            let size = UInt64(unit.milliseconds)
            if index < 2, rest % size != 0 { continue }
            let count = rest / size
            if count > 0 {
                result += "\(count)\(unit.suffix)"
                rest -= count * size
            }
        }
        return result
    }

    private static func tooLong(_ text: String) -> DurationError {
        DurationError(message: "duration \(QuotedString.quote(text)) is too long, at most 292y")
    }
}
