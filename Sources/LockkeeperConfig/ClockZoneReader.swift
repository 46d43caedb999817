import Foundation
import LockkeeperCore

/// Looks a time zone up in the system's database.
struct ClockZoneReader {
    /// How far ahead the changes of the clocks are looked up; a restart or a reload looks again.
    private static let yearsAhead = 20

    /// - Parameter name: such as `Europe/Berlin`.
    func zone(of name: String) -> ClockZone? {
        guard name == "UTC" || name.contains("/"), let zone = TimeZone(identifier: name) else { return nil }
        let now = Date()
        var changes: [ClockZone.Change] = []
        var date = now
        while changes.count < 2 * Self.yearsAhead, let next = zone.nextDaylightSavingTimeTransition(after: date),
            next > date
        {
            changes.append(
                .init(
                    at: Timestamp(seconds: next.timeIntervalSince1970), offset: .seconds(zone.secondsFromGMT(for: next))
                ))
            date = next
        }
        return ClockZone(name: name, offset: .seconds(zone.secondsFromGMT(for: now)), changes: changes)
    }

    func hint(for name: String) -> String {
        Suggestion.nearest(to: name, in: TimeZone.knownTimeZoneIdentifiers).map { "Did you mean `\($0)`?" }
            ?? "Write a name of the tz database, such as `Europe/Berlin`, or `UTC`"
    }
}
