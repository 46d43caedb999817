/// Everything that one step of the agent changes: it is stored whole or not at all.
public struct StateChange: Sendable, Hashable {
    /// Runs that are new or changed.
    public var runs: [MigrationRun]
    /// The memory of the targets whose memory changed, by target.
    public var memories: [String: TargetMemory]
    /// The complete set of live alerts, if it changed.
    public var alerts: [AlertInstance]?
    /// Incidents that are new or changed.
    public var incidents: [Incident]
    /// Deliveries that are planned: rows that are new to the outbox.
    public var deliveries: [Delivery]
    /// Silences that are new or changed.
    public var silences: [Silence]

    public init(
        runs: [MigrationRun] = [], memories: [String: TargetMemory] = [:], alerts: [AlertInstance]? = nil,
        incidents: [Incident] = [], deliveries: [Delivery] = [], silences: [Silence] = []
    ) {
        self.runs = runs
        self.memories = memories
        self.alerts = alerts
        self.incidents = incidents
        self.deliveries = deliveries
        self.silences = silences
    }

    public var isEmpty: Bool {
        runs.isEmpty && memories.isEmpty && alerts == nil && incidents.isEmpty && deliveries.isEmpty
            && silences.isEmpty
    }
}

extension StateChange {
    /// Adds a later change: of what both speak of, the later state counts.
    public mutating func merge(_ later: StateChange) {
        runs = Self.latest(runs + later.runs)
        memories.merge(later.memories) { _, new in new }
        alerts = later.alerts ?? alerts
        incidents = Self.latest(incidents + later.incidents)
        deliveries += later.deliveries
        silences = Self.latest(silences + later.silences)
    }

    /// One of each identity: the last, in the place of the first.
    private static func latest<Element: Identifiable>(_ elements: [Element]) -> [Element] {
        var positions: [Element.ID: Int] = [:]
        var result: [Element] = []
        for element in elements {
            if let position = positions[element.id] {
                result[position] = element
            } else {
                positions[element.id] = result.count
                result.append(element)
            }
        }
        return result
    }
}
