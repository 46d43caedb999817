/// The calendar fields of a point in time, in UTC, by the proleptic Gregorian calendar.
///
/// The conversion is the usual one from days to civil dates over eras of 400 years (146,097 days) that begin on 1 March.
public struct CivilTime: Sendable, Hashable {
    public var year: Int
    /// 1...12
    public var month: Int
    /// 1...31
    public var day: Int
    public var hour: Int
    public var minute: Int
    public var second: Int
    public var microsecond: Int

    public init(_ time: Timestamp) {
        let (days, rest) = Self.floorDivide(time.microseconds, by: 86_400_000_000)
        let shifted = days + 719_468
        let (era, dayOfEra) = Self.floorDivide(shifted, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        hour = Int(rest / 3_600_000_000)
        minute = Int(rest / 60_000_000 % 60)
        second = Int(rest / 1_000_000 % 60)
        microsecond = Int(rest % 1_000_000)
    }

    public init(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, microsecond: Int = 0
    ) {
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second, self.microsecond) = (hour, minute, second, microsecond)
    }

    public var timestamp: Timestamp {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let (era, yearOfEra) = Self.floorDivide(shiftedYear, by: 400)
        let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + Int64(hour) * 3600 + Int64(minute) * 60 + Int64(second)
        return Timestamp(microseconds: seconds * 1_000_000 + Int64(microsecond))
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = value % divisor
        return remainder < 0 ? (value / divisor - 1, remainder + divisor) : (value / divisor, remainder)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds, such as `2026-11-23T20:50:13.125Z`.
    public var rfc3339: String {
        let civil = CivilTime(self)
        return "\(date(civil))T\(clock(civil)).\(padded(civil.microsecond / 1000, 3))Z"
    }

    /// Date and time to the second for people, such as `2026-11-23 20:50:13 UTC`.
    public var readable: String {
        let civil = CivilTime(self)
        return "\(date(civil)) \(clock(civil)) UTC"
    }

    public var description: String { rfc3339 }

    /// Reads RFC 3339 (section 5.6), with `Z` or a numeric offset and up to six digits of fraction; `nil` if it is not that.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        var position = 0
        func digits(_ count: Int) -> Int? {
            guard position + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[position..<position + count] {
                guard byte >= 48, byte <= 57 else { return nil }
                value = value * 10 + Int(byte - 48)
            }
            position += count
            return value
        }
        func accept(_ allowed: Unicode.Scalar...) -> Bool {
            guard position < bytes.count, allowed.contains(Unicode.Scalar(bytes[position])) else { return false }
            position += 1
            return true
        }
        guard let year = digits(4), accept("-"), let month = digits(2), accept("-"), let day = digits(2),
            accept("T", "t", " "), let hour = digits(2), accept(":"), let minute = digits(2), accept(":"),
            let second = digits(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second < 61
        else { return nil }
        var microsecond = 0
        if accept(".") {
            var scale = 100_000
            while let digit = digits(1) {
                microsecond += digit * scale
                scale /= 10
            }
        }
        var offset = 0
        if !accept("Z", "z") {
            let isNegative = position < bytes.count && bytes[position] == 45
            guard accept("+", "-"), let hours = digits(2), accept(":"), let minutes = digits(2) else { return nil }
            offset = (hours * 60 + minutes) * (isNegative ? -60 : 60)
        }
        guard position == bytes.count else { return nil }
        let local = CivilTime(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second, microsecond: microsecond)
        self = Timestamp(microseconds: local.timestamp.microseconds - Int64(offset) * 1_000_000)
        // 31 February would have rolled over into March.
        let readBack = CivilTime(self + .seconds(offset))
        guard readBack.month == month, readBack.day == day || second == 60 else { return nil }
    }

    private func date(_ civil: CivilTime) -> String {
        "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
    }

    private func clock(_ civil: CivilTime) -> String {
        "\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2))"
    }

    private func padded(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
