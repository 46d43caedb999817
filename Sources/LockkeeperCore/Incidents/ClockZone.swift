/// The civil time of a place: how far its clocks are ahead of UTC, and from when on.
///
/// The core reads no time zone database: whoever makes the value has looked the offsets up, some years ahead.
public struct ClockZone: Sendable, Hashable {
    /// Such as `Europe/Berlin`.
    public var name: String
    /// Ahead of UTC before the first change.
    private var first: Duration
    /// The changes, in order of time.
    private var changes: [Change]

    public struct Change: Sendable, Hashable {
        public var at: Timestamp
        /// Ahead of UTC from then on.
        public var offset: Duration

        public init(at: Timestamp, offset: Duration) {
            self.at = at
            self.offset = offset
        }
    }

    /// - Parameters:
    ///   - offset: ahead of UTC before the first change; negative in the west.
    ///   - changes: in any order.
    public init(name: String, offset: Duration, changes: [Change] = []) {
        self.name = name
        first = offset
        self.changes = changes.sorted { $0.at < $1.at }
    }

    public static let utc = ClockZone(name: "UTC", offset: .zero)

    /// What the clocks there show, as if it were UTC.
    public func local(_ time: Timestamp) -> Timestamp {
        time + (changes.last { $0.at <= time }?.offset ?? first)
    }
}
