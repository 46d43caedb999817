internal import LockkeeperCore

extension ReceiverClient {
    /// Sends what a delivery means to PagerDuty, one event after the other. All of them may be sent again.
    func send(
        _ delivery: Delivery, to service: PagerDutyDestination, at now: Timestamp
    ) async throws -> DeliveryOutcome {
        var outcome = DeliveryOutcome.delivered
        for action in PagerDutyEvent.actions(for: delivery) {
            let event = PagerDutyEvent(delivery, action, routingKey: service.routingKey)
            outcome = await post(
                try event.json(), to: service.apiURL + "/v2/enqueue", allowsPlainHTTP: true, as: .pagerDuty,
                hiding: service.routingKey, at: now)
            guard outcome == .delivered else { break }
        }
        return outcome
    }
}
