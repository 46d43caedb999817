internal import LockkeeperCore

extension ReceiverClient {
    /// Keeps one incident per incident on a page of Cachet, version 3.
    ///
    /// Its API knows no idempotency keys, so the incident's message ends with a reference: before one is opened the newest are asked
    /// whether it is there already, and before an update is repeated the incident is asked whether it has it.
    func send(
        _ delivery: Delivery, to page: CachetDestination, at now: Timestamp
    ) async throws -> DeliveryOutcome {
        let service = JSONService(
            client: self, kind: .cachet, baseURL: page.apiURL, authorization: "Bearer \(page.token)",
            secret: page.token, now: now)
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
        _ delivery: Delivery, _ service: JSONService, _ page: CachetDestination
    ) async throws(JSONService.Stop) -> DeliveryOutcome {
        typealias Incident = CachetIncident.Resource<CachetIncident.IncidentAttributes>
        typealias Update = CachetIncident.Resource<CachetIncident.UpdateAttributes>
        let notice = PublicNotice(delivery.notification)
        let creation: [UInt8]
        let update: [UInt8]
        let change: [UInt8]
        do {
            creation = try MessageJSON.encode(
                CachetIncident.Creation(
                    notice, components: page.components, notifiesSubscribers: page.notifiesSubscribers))
            update = try MessageJSON.encode(CachetIncident.Update(notice))
            change = try MessageJSON.encode(CachetIncident.ComponentChange(notice))
        } catch {
            return .permanent(reason: "the incident could not be written as JSON: \(error)", acceptedRecipients: [])
        }
        let isEnd = notice.progress == .resolved
        var id = delivery.reference?["incident"]
        var components = page.components
        // Customers have these words from an attempt before this one, from another message, or from an earlier episode.
        var isToldAlready = false
        if id == nil || isEnd && !components.isEmpty {
            let newest = try await service.call(
                "GET", "/api/incidents?per_page=50&include=components", answer: CachetIncident.Answer<[Incident]>.self)
            let open = newest.data.filter { $0.attributes.status?.value != CachetIncident.fixed }
            let isOwn = { (incident: Incident) in
                incident.attributes.message?.contains(CachetIncident.mark(notice)) == true
            }
            if id == nil {
                let known = open.first(where: isOwn)
                id = known?.id
                isToldAlready =
                    known?.attributes.message == CachetIncident.message(notice)
                    && known?.attributes.status?.value == CachetIncident.status(notice)
            }
            // What else is open needs its components as they are: the last that ends sets them back.
            let others = open.filter {
                !isOwn($0) && $0.attributes.message?.contains(CachetIncident.anyMark) == true
            }
            let kept = Set(others.flatMap { $0.relationships?.components?.data ?? [] }.map(\.id))
            if isEnd { components.removeAll { kept.contains(String($0)) } }
        }
        guard let id else {
            // Customers were told nothing of it, so there is no end to tell them.
            if isEnd { return .delivered }
            let created = try await service.call(
                "POST", "/api/incidents", creation,
                answer: CachetIncident.Answer<CachetIncident.Resource<CachetIncident.NoAttributes>>.self)
            return .opened(ReceiverReference(["incident": created.data.id, "told": notice.digest]))
        }
        let reference = ReceiverReference(["incident": id, "told": notice.digest])
        let isKnownToBeTold = delivery.reference?["told"] == notice.digest
        // These may be repeated without harm; the update may not, so it comes last.
        for component in components { try await service.call("PUT", "/api/components/\(component)", change) }
        do throws(JSONService.Stop) {
            if delivery.attempts > 1 || isKnownToBeTold, !isToldAlready {
                let updates = try await service.call(
                    "GET", "/api/incidents/\(id)/updates?sort=-created_at&per_page=5",
                    answer: CachetIncident.Answer<[Update]>.self)
                // Where there is no update, it has the words that it was opened with.
                isToldAlready =
                    updates.data.first.map {
                        $0.attributes.message == notice.body
                            && $0.attributes.status?.value == CachetIncident.status(notice)
                    } ?? isKnownToBeTold
            }
            if !isToldAlready { try await service.call("POST", "/api/incidents/\(id)/updates", update) }
        } catch {
            // Somebody has deleted it, and has thought better of it than to open it again. The components are set back.
            guard error.status == 404, isEnd else { throw error }
        }
        return .opened(reference)
    }

    /// A test tells customers nothing: it shows that URL, token and components are right, as far as reading shows it.
    private func test(
        _ service: JSONService, _ page: CachetDestination
    ) async throws(JSONService.Stop) -> DeliveryOutcome {
        typealias Content = CachetIncident.Answer<CachetIncident.Resource<CachetIncident.NoAttributes>>
        // Anybody may read a page; only who is known may ask who that is, but that is not in the API.
        _ = try await service.call(
            "GET", "/api/incidents?per_page=1",
            answer: CachetIncident.Answer<[CachetIncident.Resource<CachetIncident.NoAttributes>]>.self)
        for component in page.components {
            _ = try await service.call("GET", "/api/components/\(component)", answer: Content.self)
        }
        return .delivered
    }
}
