internal import LockkeeperCore

extension ReceiverClient {
    /// Keeps one scheduled incident per maintenance window on a page of Atlassian's Statuspage.
    ///
    /// The page is asked how it stands before anything is changed there, so that what an attempt before this one, another agent or the page
    /// itself has done is not done again. What is called off is completed and not deleted: those who know of it are told so.
    func tell(
        _ delivery: Delivery, of window: MaintenanceWindow, _ service: JSONService, _ page: StatuspageDestination
    ) async throws(JSONService.Stop) -> DeliveryOutcome {
        let notice = PublicNotice(delivery.notification)
        let isEnd = notice.progress == .resolved
        var known: StatuspageIncidentAnswer?
        if let id = delivery.reference?["incident"] {
            do throws(JSONService.Stop) {
                known = try await service.call("GET", "/incidents/\(id)", answer: StatuspageIncidentAnswer.self)
            } catch {
                // Somebody has deleted it. If that was while it was in progress, nothing sets the components back.
                guard error.status == 404, isEnd else { throw error }
                if window.begin <= service.now { try await set(page.components, to: "operational", service) }
                return .opened(ReceiverReference(["incident": id]))
            }
        }
        // One that is completed stays so: what is planned anew is another.
        if known == nil || known?.status == StatuspageMaintenance.completed && !isEnd {
            known = try await find(notice.key, service)
        }
        let body: [UInt8]
        do {
            body = try StatuspageMaintenance(
                notice, window, replacing: known, components: page.components,
                notifiesSubscribers: page.notifiesSubscribers, at: service.now
            ).json()
        } catch {
            return .permanent(reason: "the maintenance could not be written as JSON: \(error)", acceptedRecipients: [])
        }
        guard let known else {
            // Customers were told nothing of it, so there is no end to tell them; nor is there a beginning when it is over.
            if isEnd || window.end <= service.now { return .delivered }
            let created = try await service.call("POST", "/incidents", body, answer: StatuspageIncidentAnswer.self)
            return .opened(ReceiverReference(["incident": created.id]))
        }
        if !known.hasHeard(notice, window, at: service.now) {
            try await service.call("PATCH", "/incidents/\(known.id)", body)
        }
        return .opened(ReceiverReference(["incident": known.id]))
    }

    /// The maintenance of a key that is not over.
    private func find(_ key: String, _ service: JSONService) async throws(JSONService.Stop) -> StatuspageIncidentAnswer?
    {
        for list in ["/incidents/scheduled", "/incidents/active_maintenance"] {
            let incidents = try await service.call("GET", list, answer: [StatuspageIncidentAnswer].self)
            let known = incidents.first {
                $0.metadata?.lockkeeper?.key == key && $0.status != StatuspageMaintenance.completed
            }
            if let known { return known }
        }
        return nil
    }
}
