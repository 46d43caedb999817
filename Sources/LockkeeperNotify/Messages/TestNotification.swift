public import LockkeeperCore

extension Notification {
    /// The message of `notify test`: marked TEST in every channel, and going the way of all others.
    ///
    /// - Parameters:
    ///   - sender: host and version of the agent.
    ///   - link: where the agent's page is, if that is configured.
    public static func test(receiver: String, sender: String, at now: Timestamp, link: String? = nil) -> Notification {
        Notification(
            incidentID: "test-" + StableIdentifier.derive(from: receiver, String(now.microseconds)), reason: .test,
            severity: .info, isResolved: false, title: "TEST: messages reach the receiver \(receiver)", since: now,
            at: now,
            duration: .zero,
            facts: IncidentFacts(
                target: "",
                summary: "If you can read this, the receiver \(receiver) is set up as it should be.",
                details: [.init("Receiver", receiver), .init("Sent by", sender)]),
            link: link, sender: sender, isTest: true)
    }
}
