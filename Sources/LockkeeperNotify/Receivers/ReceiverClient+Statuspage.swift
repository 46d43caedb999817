internal import LockkeeperCore

extension ReceiverClient {
    /// Keeps one incident per incident on a page of Atlassian's Statuspage.
    ///
    /// The API knows no idempotency keys, so the incident carries one in its metadata: before one is opened the unresolved ones are
    /// asked whether it is there already, and before an update is repeated the incident is asked whether it has it.
    func send(
        _ delivery: Delivery, to page: StatuspageDestination, at now: Timestamp
    ) async throws -> DeliveryOutcome {
        let service = JSONService(
            client: self, kind: .statuspage, baseURL: "\(page.apiURL)/v1/pages/\(page.page)",
            authorization: "OAuth \(page.token)", secret: page.token, now: now)
        do throws(JSONService.Stop) {
            if delivery.notification.isTest { return try await test(service, page) }
            if let window = delivery.notification.maintenance {
                return try await tell(delivery, of: window, service, page)
            }
            return try await tell(delivery, service, page)
        } catch {
            return error.outcome
        }
    }

    private func tell(
        _ delivery: Delivery, _ service: JSONService, _ page: StatuspageDestination
    ) async throws(JSONService.Stop) -> DeliveryOutcome {
        let notice = PublicNotice(delivery.notification)
        let body: [UInt8]
        do {
            body = try StatuspageIncident(
                notice, components: page.components, notifiesSubscribers: page.notifiesSubscribers
            ).json()
        } catch {
            return .permanent(reason: "the incident could not be written as JSON: \(error)", acceptedRecipients: [])
        }
        var id = delivery.reference?["incident"]
        if id == nil {
            let unresolved = try await service.call(
                "GET", "/incidents/unresolved", answer: [StatuspageIncidentAnswer].self)
            id = unresolved.first { $0.metadata?.lockkeeper?.key == notice.key }?.id
        }
        guard let id else {
            // Customers were told nothing of it, so there is no end to tell them.
            if notice.progress == .resolved { return .delivered }
            let created = try await service.call("POST", "/incidents", body, answer: StatuspageIncidentAnswer.self)
            return .opened(ReceiverReference(["incident": created.id]))
        }
        let reference = ReceiverReference(["incident": id])
        // An attempt before this one may have been heard.
        if delivery.attempts > 1 {
            let incident = try await service.call("GET", "/incidents/\(id)", answer: StatuspageIncidentAnswer.self)
            if incident.hasHeard(notice, components: page.components) { return .opened(reference) }
        }
        do throws(JSONService.Stop) {
            try await service.call("PATCH", "/incidents/\(id)", body)
        } catch {
            // Somebody has deleted it, and has thought better of it than to open it again. The components must not stay as they were set.
            guard error.status == 404, notice.progress == .resolved else { throw error }
            try await setBackComponents(of: page, service)
        }
        return .opened(reference)
    }

    func setBackComponents(of page: StatuspageDestination, _ service: JSONService) async throws(JSONService.Stop) {
        for component in page.components {
            try await service.call("PATCH", "/components/\(component)", StatuspageIncident.componentIsOperational)
        }
    }

    /// A test tells customers nothing: it shows that token, page and components are right.
    private func test(
        _ service: JSONService, _ page: StatuspageDestination
    ) async throws(JSONService.Stop) -> DeliveryOutcome {
        struct Component: Decodable {
            var id: String
        }
        let components = try await service.call("GET", "/components?per_page=100", answer: [Component].self)
        let missing = page.components.filter { id in !components.contains { $0.id == id } }
        guard missing.isEmpty || components.count == 100 else {
            return .permanent(
                reason: "the page has no component \(missing.joined(separator: ", "))", acceptedRecipients: [])
        }
        return .delivered
    }
}
