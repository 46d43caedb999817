internal import LockkeeperCore

extension ReceiverClient {
    /// Keeps one schedule per maintenance window on a page of Cachet, version 3.
    ///
    /// Its API knows no idempotency keys, so the schedule's message ends with a reference, by which one that is not over is found before
    /// another is made. All else may be repeated without harm.
    func tell(
        _ delivery: Delivery, of window: MaintenanceWindow, _ service: JSONService, _ page: CachetDestination
    ) async throws(JSONService.Stop) -> DeliveryOutcome {
        typealias Schedule = CachetIncident.Resource<CachetSchedule.Attributes>
        let notification = delivery.notification
        let notice = PublicNotice(notification)
        let ending = notice.progress == .resolved ? window.ending(at: notification.at) : nil
        var planned = window
        if ending == .early { planned.end = notification.at }
        let schedule = CachetSchedule(
            notice, planned, components: page.components, notifiesSubscribers: page.notifiesSubscribers)
        let body: [UInt8]
        do { body = try MessageJSON.encode(schedule) } catch {
            return .permanent(reason: "the schedule could not be written as JSON: \(error)", acceptedRecipients: [])
        }
        var known: Schedule?
        if let id = delivery.reference?["schedule"] {
            do throws(JSONService.Stop) {
                known = try await service.call(
                    "GET", "/api/schedules/\(id)", answer: CachetIncident.Answer<Schedule>.self
                ).data
            } catch {
                // Somebody has deleted it, and has thought better of it than to make it again.
                guard error.status == 404, ending != nil else { throw error }
                return .delivered
            }
        } else {
            let latest = try await service.call(
                "GET", "/api/schedules?sort=-scheduled_at&per_page=50", answer: CachetIncident.Answer<[Schedule]>.self)
            known = latest.data.first {
                !$0.attributes.isComplete && $0.attributes.message?.contains(CachetIncident.mark(notice)) == true
            }
        }
        guard let known else {
            // Customers were told nothing of it, so there is no end to tell them; nor is there a beginning when it is over.
            if ending != nil || window.end <= service.now { return .delivered }
            let created = try await service.call(
                "POST", "/api/schedules", body,
                answer: CachetIncident.Answer<CachetIncident.Resource<CachetIncident.NoAttributes>>.self)
            return .opened(ReceiverReference(["schedule": created.data.id]))
        }
        let reference = ReceiverReference(["schedule": known.id])
        if ending == .calledOff {
            // It would begin at its time whatever it says.
            try await service.call("DELETE", "/api/schedules/\(known.id)")
            return .opened(reference)
        }
        if known.attributes.isLike(schedule) || ending != nil && known.attributes.isComplete {
            return .opened(reference)
        }
        let changed = try await service.call(
            "PUT", "/api/schedules/\(known.id)", body, answer: CachetIncident.Answer<Schedule>.self)
        // Versions before June 2026 drop it without a word.
        guard changed.data.attributes.completed?.string == schedule.completedAt else {
            return .permanent(
                reason: "this version of Cachet does not change when a schedule ends: bring it up to date",
                acceptedRecipients: [])
        }
        return .opened(reference)
    }
}
