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
    /// More are not kept: the oldest go, as receivers that are told again and again let alerts go that they hear nothing more of.
    static let keptEnds = 100

    /// Notes which alerts are over, for all who have been told of the incident. What fires again is not over, unless nobody is to hear of it.
    mutating func noteEnds(of gone: [String: IncidentAlert], at now: Timestamp) {
        ended = ended.filter { firing[$0.key]?.audibleSince == nil }
        guard !listeners.isEmpty else { return }
        for (key, alert) in gone where alert.audibleSince != nil {
            ended[key] = UntoldEnd(end: EndedAlert(alert: alert, at: now), receivers: toldReceivers)
        }
        guard ended.count > Self.keptEnds else { return }
        let oldest = ended.sorted { ($0.value.end.at, $0.key) < ($1.value.end.at, $1.key) }
        for (key, _) in oldest.prefix(ended.count - Self.keptEnds) { ended[key] = nil }
    }

    /// The ends that a receiver is to be told.
    func untoldEnds(for receiver: String) -> [EndedAlert] {
        ended.sorted { $0.key < $1.key }.map(\.value).filter { $0.receivers.contains(receiver) }.map(\.end)
    }

    /// Notes that a receiver is told all ends there are.
    mutating func noteEndsTold(to receiver: String) {
        ended = ended.compactMapValues { untold in
            let others = untold.receivers.filter { $0 != receiver }
            return others.isEmpty ? nil : UntoldEnd(end: untold.end, receivers: others)
        }
    }
}
