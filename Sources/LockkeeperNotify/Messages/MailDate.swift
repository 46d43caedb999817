internal import LockkeeperCore

/// Dates as mail and HTTP headers have them.
enum MailDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Mon, 23 Nov 2026 20:50:13 +0000` (RFC 5322, section 3.3).
    static func text(_ time: Timestamp) -> String {
        let civil = CivilTime(time)
        // 1970-01-01 was a Thursday.
        let days = (time.microseconds >= 0 ? time.microseconds : time.microseconds - 86_399_999_999) / 86_400_000_000
        let weekday = weekdays[Int((days % 7 + 7) % 7)]
        let clock = [civil.hour, civil.minute, civil.second].map(twoDigits).joined(separator: ":")
        return "\(weekday), \(twoDigits(civil.day)) \(months[civil.month - 1]) \(civil.year) \(clock) +0000"
    }

    /// Reads HTTP's `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7; its obsolete forms are not read).
    static func time(http text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (1...31).contains(day), (1970...9999).contains(year), (0..<24).contains(clock[0]),
            (0..<60).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        return CivilTime(
            year: year, month: month + 1, day: day, hour: clock[0], minute: clock[1], second: clock[2]
        ).timestamp
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
