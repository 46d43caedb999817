import LockkeeperCore
import LockkeeperNotify
import Synchronization

/// The outbox as a plain list: what the tests hold to be right.
struct OutboxModel: Sendable {
    private(set) var deliveries: [Delivery.ID: Delivery] = [:]
    /// How manieth each was planned.
    private var order: [Delivery.ID: Int] = [:]
    /// The how manieth step the last attempt of each delivery was, and the last success of each receiver.
    private var attempts: [Delivery.ID: Int] = [:], successes: [String: Int] = [:]
    private var steps = 0
    private var references: [String: ReceiverReference] = [:]
    /// Until when each receiver asked to be left in peace.
    var pauses: [String: Timestamp] = [:]

    var pending: [Delivery] { deliveries.values.filter { $0.status == .pending } }

    subscript(_ id: Delivery.ID) -> Delivery? { deliveries[id] }

    mutating func plan(_ delivery: Delivery) {
        guard deliveries[delivery.id] == nil else { return }
        for older in pending
        where older.receiver == delivery.receiver && older.incidentID == delivery.incidentID
            && delivery.replaces.contains(older.notification.reason)
        {
            supersede(older, at: delivery.plannedAt)
        }
        if delivery.correlation == .stateOnly { supersedeEarlierEpisodes(than: delivery, at: delivery.plannedAt) }
        deliveries[delivery.id] = delivery
        order[delivery.id] = order.count
    }

    private mutating func supersede(_ older: Delivery, at time: Timestamp) {
        deliveries[older.id]?.status = .superseded
        deliveries[older.id]?.finishedAt = time
    }

    private mutating func supersedeEarlierEpisodes(than delivery: Delivery, at time: Timestamp) {
        let place = order[delivery.id] ?? order.count
        for older in pending
        where older.receiver == delivery.receiver && older.incidentKey == delivery.incidentKey
            && older.incidentID != delivery.incidentID && order[older.id, default: 0] < place
        {
            supersede(older, at: time)
        }
    }

    private func unhindered(_ receiver: String) -> [Delivery] {
        let mine = pending.filter { $0.receiver == receiver }
        let indigestible = Set(mine.filter(isIndigestible).map(\.incidentID))
        return mine.filter { one in
            !mine.contains {
                $0.incidentKey == one.incidentKey && order[$0.id, default: 0] < order[one.id, default: 0]
                    && ($0.incidentID == one.incidentID || !indigestible.contains($0.incidentID))
            }
        }
    }

    /// Whether a message was tried often in vain while the receiver took others, or ever so often.
    private func isIndigestible(_ delivery: Delivery) -> Bool {
        let hasTakenOthers = successes[delivery.receiver, default: 0] > attempts[delivery.id, default: 0]
        return delivery.attempts >= 100 || delivery.attempts >= 10 && hasTakenOthers
    }

    func due(receiver: String, at now: Timestamp) -> [Delivery] {
        unhindered(receiver).filter { $0.nextAttemptAt <= now }.sorted {
            ($1.notification.severity, $0.plannedAt, $0.id) < ($0.notification.severity, $1.plannedAt, $1.id)
        }
    }

    func nextDue(receiver: String) -> Timestamp? { unhindered(receiver).map(\.nextAttemptAt).min() }

    mutating func begin(_ id: Delivery.ID) -> Delivery? {
        guard deliveries[id]?.status == .pending else { return nil }
        deliveries[id]?.attempts += 1
        steps += 1
        attempts[id] = steps
        var delivery = deliveries[id]
        if let thread = delivery?.thread { delivery?.reference = references[thread] }
        return delivery
    }

    mutating func finish(_ delivery: Delivery) {
        let status = deliveries[delivery.id]?.status
        guard status == .pending || status == .superseded && delivery.status == .delivered else { return }
        deliveries[delivery.id] = delivery
        guard delivery.status == .delivered else { return }
        steps += 1
        successes[delivery.receiver] = steps
        if delivery.correlation != .none { supersedeEarlierEpisodes(than: delivery, at: delivery.plannedAt) }
        if let reference = delivery.reference { references[delivery.thread] = reference }
    }

    /// Without what was refused: the model knows nothing of incidents.
    mutating func resume(receiver: String, at now: Timestamp) -> Timestamp? {
        expedite(receiver: receiver, at: now)
        return pauses[receiver]
    }

    mutating func postpone(_ id: Delivery.ID, until time: Timestamp) { deliveries[id]?.nextAttemptAt = time }

    mutating func expedite(receiver: String, at now: Timestamp) {
        for delivery in pending where delivery.receiver == receiver && delivery.nextAttemptAt > now {
            deliveries[delivery.id]?.nextAttemptAt = now
        }
    }

    func standing(receiver: String, endedSince time: Timestamp) -> [StandingMessage] {
        let told = deliveries.values.filter { $0.receiver == receiver && $0.status == .delivered }
        let newest = Dictionary(grouping: told, by: \.incidentID).values.compactMap {
            $0.max { $0.sequence < $1.sequence }
        }
        return newest.filter { !$0.notification.isResolved || $0.finishedAt.map { $0 >= time } == true }.sorted {
            $0.id < $1.id
        }.map { StandingMessage(delivery: $0, firing: $0.notification.alerts) }
    }

    mutating func abandon(receiver: String, reason: String, at now: Timestamp) -> Int {
        let lost = pending.filter { $0.receiver == receiver }
        for delivery in lost {
            deliveries[delivery.id]?.status = .failed
            deliveries[delivery.id]?.lastError = reason
            deliveries[delivery.id]?.finishedAt = now
        }
        return lost.count
    }
}

/// The model behind the courier's protocol, with failures on demand. Like the store, it does nothing for a cancelled task.
final class MemoryOutbox: Outbox {
    struct Failure: Error, CustomStringConvertible {
        var description: String { "the disk is full" }
    }

    enum Operation: Hashable { case due, begin, finish }

    private struct State {
        var model = OutboxModel()
        var failures: [Operation: Int] = [:]
    }

    private let state = Mutex(State())

    init(_ deliveries: Delivery...) {
        plan(deliveries)
    }

    var model: OutboxModel { state.withLock(\.model) }

    func plan(_ deliveries: [Delivery]) {
        state.withLock { state in for delivery in deliveries { state.model.plan(delivery) } }
    }

    /// As a failed attempt of an earlier process leaves a delivery.
    func postpone(_ id: Delivery.ID, until time: Timestamp) {
        state.withLock { $0.model.postpone(id, until: time) }
    }

    /// Lets the next calls of an operation fail.
    func fail(_ operation: Operation, times: Int) {
        state.withLock { $0.failures[operation] = times }
    }

    private func perform<Value>(_ operation: Operation?, _ body: (inout OutboxModel) -> sending Value) throws -> Value {
        try Task.checkCancellation()
        return try state.withLock { state in
            if let operation, let left = state.failures[operation], left > 0 {
                state.failures[operation] = left - 1
                throw Failure()
            }
            return body(&state.model)
        }
    }

    func due(receiver: String, at now: Timestamp, limit: Int) async throws -> [Delivery] {
        try perform(.due) { Array($0.due(receiver: receiver, at: now).prefix(limit)) }
    }

    func nextDue(receiver: String) async throws -> Timestamp? { try perform(nil) { $0.nextDue(receiver: receiver) } }

    func begin(_ id: Delivery.ID, at now: Timestamp) async throws -> Delivery? { try perform(.begin) { $0.begin(id) } }

    func finish(_ delivery: Delivery) async throws { try perform(.finish) { $0.finish(delivery) } }

    func expedite(receiver: String, at now: Timestamp) async throws {
        try perform(nil) { $0.expedite(receiver: receiver, at: now) }
    }

    func pause(receiver: String, until end: Timestamp) async throws { try perform(nil) { $0.pauses[receiver] = end } }

    func resume(receiver: String, at now: Timestamp) async throws -> Timestamp? {
        try perform(nil) { $0.resume(receiver: receiver, at: now) }
    }

    func standing(receiver: String, endedSince time: Timestamp) async throws -> [StandingMessage] {
        try perform(nil) { $0.standing(receiver: receiver, endedSince: time) }
    }

    func pendingReceivers() async throws -> Set<String> { try perform(nil) { Set($0.pending.map(\.receiver)) } }

    func abandon(receiver: String, reason: String, at now: Timestamp) async throws -> Int {
        try perform(nil) { $0.abandon(receiver: receiver, reason: reason, at: now) }
    }
}

extension Delivery {
    static func planned(
        _ id: String, to receiver: String = "slack", incident: String = "run-1", sequence: Int = 1,
        severity: Severity = .warning, at: Timestamp = .courierNoon
    ) -> Delivery {
        Delivery(
            id: id, incidentID: incident, receiver: receiver, sequence: sequence,
            notification: Notification(
                incidentID: incident, reason: .opened, severity: severity, isResolved: false, title: "Something",
                since: at, at: at, duration: .zero, facts: IncidentFacts(target: "app", summary: "It is."),
                sender: "test"),
            plannedAt: at)
    }
}

extension DeliveryOutcome {
    static func retry(after: Duration? = nil, accepted: [String] = []) -> DeliveryOutcome {
        .retry(after: after, reason: "answered 503", isAmbiguous: false, acceptedRecipients: accepted)
    }
}
