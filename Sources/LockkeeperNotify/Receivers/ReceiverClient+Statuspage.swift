internal import LockkeeperCore

extension ReceiverClient {
    /// Keeps one incident per incident on a page of Atlassian's Statuspage.
    ///
    /// The API knows no idempotency keys, so the incident carries one in its metadata: before one is opened the unresolved ones are
    /// asked whether it is there already, and before words are repeated the incident is asked whether it has them. What is new to
    /// engineers alone is no news to customers.
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
        let isEnd = notice.progress == .resolved
        var id = delivery.reference?["incident"]
        var components = page.components
        // Whether customers may have these words: from an attempt before this one, from another message, or from an earlier episode.
        var mayBeKnown = delivery.attempts > 1 || delivery.reference?["told"] == notice.digest
        if id == nil || isEnd && !components.isEmpty {
            let unresolved = try await service.call(
                "GET", "/incidents/unresolved", answer: [StatuspageIncidentAnswer].self)
            if id == nil, let known = unresolved.first(where: { $0.metadata?.lockkeeper?.key == notice.key }) {
                id = known.id
                mayBeKnown = true
            }
            // What else is open needs its components as they are: the last that ends sets them back.
            let others = unresolved.filter { ($0.metadata?.lockkeeper?.key ?? notice.key) != notice.key }
            let kept = Set(others.flatMap { $0.components ?? [] }.map(\.id))
            if isEnd { components.removeAll { kept.contains($0) } }
        }
        let body: [UInt8]
        do {
            body = try StatuspageIncident(
                notice, components: components, notifiesSubscribers: page.notifiesSubscribers
            ).json()
        } catch {
            return .permanent(reason: "the incident could not be written as JSON: \(error)", acceptedRecipients: [])
        }
        guard let id else {
            // Customers were told nothing of it, so there is no end to tell them.
            if isEnd { return .delivered }
            let created = try await service.call("POST", "/incidents", body, answer: StatuspageIncidentAnswer.self)
            return .opened(ReceiverReference(["incident": created.id, "told": notice.digest]))
        }
        let reference = ReceiverReference(["incident": id, "told": notice.digest])
        do throws(JSONService.Stop) {
            if mayBeKnown {
                let incident = try await service.call("GET", "/incidents/\(id)", answer: StatuspageIncidentAnswer.self)
                if incident.hasHeard(notice) {
                    // Another incident may have set them otherwise since.
                    let astray = incident.components?.filter {
                        components.contains($0.id) && $0.status != StatuspageIncident.component(notice)
                    }
                    try await set(astray?.map(\.id) ?? [], to: StatuspageIncident.component(notice), service)
                    return .opened(reference)
                }
            }
            try await service.call("PATCH", "/incidents/\(id)", body)
        } catch {
            // Somebody has deleted it, and has thought better of it than to open it again. The components must not stay as they were set.
            guard error.status == 404, isEnd else { throw error }
            try await set(components, to: StatuspageIncident.component(notice), service)
        }
        return .opened(reference)
    }

    /// Sets components without an incident's telling anything.
    func set(
        _ components: [String], to status: String, _ service: JSONService
    ) async throws(JSONService.Stop) {
        let body = StatuspageIncident.componentBody(status: status)
        for component in components { try await service.call("PATCH", "/components/\(component)", body) }
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
