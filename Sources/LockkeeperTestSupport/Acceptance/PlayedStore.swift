import Foundation
import LockkeeperCore

/// What outlives the agent in a play: written down as JSON, as the store does, so that a field that is lost on the way shows.
struct PlayedStore: Sendable {
    private var memories: [String: Data] = [:]
    private var alerts: Data?
    private var incidents: [String: Data] = [:]
    private var incidentOrder: [String] = []
    private(set) var deliveries: [Delivery] = []
    private(set) var endedRuns: [MigrationRun] = []

    struct Loaded {
        var memories: [String: TargetMemory]
        var alerts: [AlertInstance]
        /// The open ones, and those of whose end somebody is still to be told.
        var incidents: [Incident]
        var episodes: [String: PastEpisode]
    }

    mutating func commit(_ change: StateChange) throws {
        for (target, memory) in change.memories { memories[target] = try JSONEncoder().encode(memory) }
        if let alerts = change.alerts { self.alerts = try JSONEncoder().encode(alerts) }
        for incident in change.incidents {
            if incidents.updateValue(try JSONEncoder().encode(incident), forKey: incident.id) == nil {
                incidentOrder.append(incident.id)
            }
        }
        // As in the store's table: a message that is planned already is planned once.
        for delivery in change.deliveries where !deliveries.contains(where: { $0.id == delivery.id }) {
            deliveries.append(delivery)
        }
        for run in change.runs where run.end != nil {
            endedRuns.removeAll { $0.id == run.id }
            endedRuns.append(run)
        }
    }

    func load() throws -> Loaded {
        let incidents = try self.incidents.values.map { try JSONDecoder().decode(Incident.self, from: $0) }
        return Loaded(
            memories: try memories.mapValues { try JSONDecoder().decode(TargetMemory.self, from: $0) },
            alerts: try alerts.map { try JSONDecoder().decode([AlertInstance].self, from: $0) } ?? [],
            incidents: incidents.filter { $0.status == .open || !$0.owed.isEmpty },
            episodes: PastEpisode.newest(of: incidents))
    }

    /// In the order in which they were opened.
    var allIncidents: [Incident] {
        incidentOrder.compactMap { id in incidents[id].flatMap { try? JSONDecoder().decode(Incident.self, from: $0) } }
    }
}
