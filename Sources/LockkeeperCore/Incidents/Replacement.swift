/// Which messages need not be sent any more once a newer one of the same incident to the same receiver is planned.
extension IncidentPolicy {
    /// The reasons of the earlier messages that a message makes needless.
    ///
    /// Nobody needs a reminder when there is something newer. A receiver for which only the present state matters needs nothing in between
    /// either; but what it takes for the beginning, the end or an acknowledgement that is in force it must be told.
    func reasonsReplaced(by notification: Notification, to receiver: String) -> Set<Notification.Reason> {
        guard stateReceivers.contains(receiver) else { return [.reminder] }
        // It may carry no state but the acknowledgement itself.
        if notification.reason == .acknowledged { return [.reminder, .acknowledged] }
        var reasons: Set<Notification.Reason> = [.escalated, .deescalated, .changed, .reminder]
        if notification.acknowledgement == nil { reasons.insert(.acknowledged) }
        return reasons
    }

    /// Whether a message may be made needless by a later one, so that what it says must be said again.
    func isReplaceable(_ reason: Notification.Reason, to receiver: String) -> Bool {
        switch reason {
        case .reminder: true
        case .opened, .resolved, .test: false
        case .escalated, .deescalated, .changed, .acknowledged: stateReceivers.contains(receiver)
        }
    }
}
