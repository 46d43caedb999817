/// How a database's tables and indexes were lately: now, and some minutes ago.
struct RelationHistory: Sendable {
    /// Oldest first, about half a window apart but for the newest.
    private var readings: [RelationStatistics] = []
    private let spacing: Duration

    init(_ settings: PerformanceSettings) {
        spacing = settings.window / 2
    }

    mutating func append(_ reading: RelationStatistics) {
        if readings.count >= 2, reading.serverTime - readings[readings.count - 2].serverTime < spacing {
            readings[readings.count - 1] = reading
        } else {
            readings.append(reading)
        }
        if readings.count > 4 { readings.removeFirst() }
    }

    var newest: RelationStatistics? { readings.last }

    /// The newest that was taken no later than then, and the oldest that is left.
    func before(_ time: Timestamp) -> (last: RelationStatistics, first: RelationStatistics)? {
        guard let first = readings.first, let last = readings.last(where: { $0.serverTime <= time }) else { return nil }
        return (last, first)
    }
}
