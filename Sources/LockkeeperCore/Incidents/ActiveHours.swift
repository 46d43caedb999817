/// The hours of the week in which a receiver wants to hear of what goes on.
public struct ActiveHours: Sendable, Hashable {
    /// The days on which the hours begin.
    public var days: Set<Weekday>
    /// Minutes since midnight, from 0 to 1439.
    public var from: Int
    /// Minutes since midnight, exclusive, up to 1440. Hours that do not end after they begin end on the day after.
    public var until: Int
    public var zone: ClockZone

    public enum Weekday: String, Sendable, Hashable, CaseIterable {
        case monday, tuesday, wednesday, thursday, friday, saturday, sunday

        /// The day of the local time given as if it were UTC.
        init(local time: Timestamp) {
            let day = time.microseconds / 86_400_000_000 - (time.microseconds % 86_400_000_000 < 0 ? 1 : 0)
            // 1970-01-01 was a Thursday.
            self = Self.allCases[Int(((day + 3) % 7 + 7) % 7)]
        }

        var previous: Weekday {
            let all = Self.allCases
            return all[((all.firstIndex(of: self) ?? 0) + all.count - 1) % all.count]
        }
    }

    public init(
        days: Set<Weekday> = Set(Weekday.allCases), from: Int = 0, until: Int = 1440, zone: ClockZone = .utc
    ) {
        self.days = days
        self.from = from
        self.until = until
        self.zone = zone
    }

    public func contains(_ time: Timestamp) -> Bool {
        let local = zone.local(time)
        let civil = CivilTime(local)
        let minute = civil.hour * 60 + civil.minute
        let day = Weekday(local: local)
        if from < until { return days.contains(day) && from <= minute && minute < until }
        return days.contains(day) && minute >= from || days.contains(day.previous) && minute < until
    }
}
