/// When planned maintenance is to take place, and why.
public struct MaintenanceWindow: Sendable, Hashable, Codable {
    public var begin: Timestamp
    /// Exclusive.
    public var end: Timestamp
    /// Why, in the words of those who do it.
    public var comment: String?

    public init(begin: Timestamp, end: Timestamp, comment: String? = nil) {
        self.begin = begin
        self.end = end
        self.comment = comment
    }

    /// How maintenance came to its end.
    public enum Ending: String, Sendable, Hashable, CaseIterable {
        /// Its time is over.
        case over
        /// It was ended within its time.
        case early
        /// It was called off before its time.
        case calledOff
    }

    /// What an end at a time means.
    public func ending(at time: Timestamp) -> Ending {
        if time >= end { return .over }
        return time < begin ? .calledOff : .early
    }

    /// `2026-12-01 22:00–23:30 UTC`, or `2026-12-01 22:00 – 2026-12-02 02:00 UTC` over midnight. Seconds only where there are any.
    public var readable: String {
        let hasSeconds = [begin, end].contains { CivilTime($0).second != 0 }
        func date(_ time: Timestamp) -> Substring { time.readable.prefix(10) }
        func clock(_ time: Timestamp) -> Substring { time.readable.dropFirst(11).prefix(hasSeconds ? 8 : 5) }
        return date(begin) == date(end)
            ? "\(date(begin)) \(clock(begin))–\(clock(end)) UTC"
            : "\(date(begin)) \(clock(begin)) – \(date(end)) \(clock(end)) UTC"
    }
}
