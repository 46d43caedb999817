/// An alert of an incident that is over while the incident goes on.
public struct EndedAlert: Sendable, Hashable, Codable {
    /// As it was last.
    public var alert: IncidentAlert
    public var at: Timestamp

    public init(alert: IncidentAlert, at: Timestamp) {
        self.alert = alert
        self.at = at
    }
}

/// The end of an alert, and who may know the alert and is yet to be told that it is over.
public struct UntoldEnd: Sendable, Hashable, Codable {
    public var end: EndedAlert
    /// In the order of their names.
    public var receivers: [String]

    public init(end: EndedAlert, receivers: [String]) {
        self.end = end
        self.receivers = receivers
    }
}

extension Incident {
    /// More are not kept: first those go that began after the last message to each, which nobody can know; of the others the oldest.
    static let keptEnds = 100

    /// Notes which alerts are over, for all who have been told of the incident. What fires again is over for those who know it from before if
    /// it is muted before anybody has been told that it does.
    mutating func noteEnds(of gone: [String: IncidentAlert], at now: Timestamp) {
        guard !listeners.isEmpty else { return }
        for (key, alert) in gone where alert.audibleSince != nil {
            ended[key] = UntoldEnd(end: EndedAlert(alert: alert, at: now), receivers: toldReceivers)
        }
        guard ended.count > Self.keptEnds else { return }
        let dispensable = ended.sorted { one, other in
            let known = (isKnown(one.value), isKnown(other.value))
            return known.0 == known.1 ? (one.value.end.at, one.key) < (other.value.end.at, other.key) : known.1
        }
        for (key, _) in dispensable.prefix(ended.count - Self.keptEnds) { ended[key] = nil }
    }

    /// Whether one of those who are to be told the end of an alert may know the alert.
    private func isKnown(_ untold: UntoldEnd) -> Bool {
        untold.receivers.contains { receiver in
            guard let since = untold.end.alert.audibleSince, let listener = listeners[receiver] else { return false }
            return since <= listener.at
        }
    }

    /// The ends that a receiver is to be told: of what it could be told of. What fires again is not over, unless nobody is to hear of it.
    func untoldEnds(for receiver: String) -> [EndedAlert] {
        ended.filter { firing[$0.key]?.audibleSince == nil }.sorted { $0.key < $1.key }.map(\.value).filter {
            $0.receivers.contains(receiver) && $0.end.alert.failingReceiver != receiver
        }.map(\.end)
    }

    /// Notes that a receiver is told all ends there are, or that what has ended fires again.
    mutating func noteEndsTold(to receiver: String) {
        for (key, untold) in ended {
            if let alert = firing[key], alert.audibleSince != nil, alert.mutedBy != nil { continue }
            let others = untold.receivers.filter { $0 != receiver }
            ended[key] = others.isEmpty ? nil : UntoldEnd(end: untold.end, receivers: others)
        }
    }
}
