public import LockkeeperCore
internal import LockkeeperTransfer

extension ReceiverClient {
    /// Tells every member of a cluster at once. It is enough if one hears it: the others hear it with the next refresh.
    func send(
        _ delivery: Delivery, to cluster: AlertmanagerDestination, at now: Timestamp
    ) async throws -> DeliveryOutcome {
        let outcomes = await post(try AlertmanagerAlerts(delivery, at: now).json(), to: cluster, at: now)
        // A test is to show which of them cannot be told.
        let isEnough =
            delivery.notification.isTest
            ? outcomes.allSatisfy { $0 == .delivered } : outcomes.contains(.delivered)
        if isEnough { return .delivered }
        var reasons: [String] = []
        var isWorthARetry = false
        var mayHaveArrived = false
        var wait: Duration?
        for outcome in outcomes {
            switch outcome {
            case .delivered, .opened: break
            case .permanent(let reason, _): reasons.append(reason)
            case .retry(let after, let reason, let isAmbiguous, _):
                isWorthARetry = true
                mayHaveArrived = mayHaveArrived || isAmbiguous
                if let after { wait = max(wait ?? .zero, after) }
                reasons.append(reason)
            }
        }
        let reason = reasons.joined(separator: "; ")
        return isWorthARetry
            ? .retry(after: wait, reason: reason, isAmbiguous: mayHaveArrived, acceptedRecipients: [])
            : .permanent(reason: reason, acceptedRecipients: [])
    }

    /// Tells every member of a cluster again what it was told before, as it must be: they forget.
    ///
    /// - Returns: why members could not be told, none if all could.
    public func refresh(
        _ standing: [StandingMessage], to cluster: AlertmanagerDestination, at now: Timestamp
    ) async -> [String] {
        let alerts = AlertmanagerAlerts(standing, at: now)
        guard !alerts.alerts.isEmpty else { return [] }
        do {
            return await post(try alerts.json(), to: cluster, at: now).compactMap { outcome in
                switch outcome {
                case .delivered, .opened: nil
                case .retry(_, let reason, _, _), .permanent(let reason, _): reason
                }
            }
        } catch {
            return ["the alerts could not be written as JSON: \(error)"]
        }
    }

    /// What each member answered, in their order.
    private func post(
        _ body: [UInt8], to cluster: AlertmanagerDestination, at now: Timestamp
    ) async -> [DeliveryOutcome] {
        await withTaskGroup(of: (Int, DeliveryOutcome).self) { group in
            for (index, url) in cluster.urls.enumerated() {
                group.addTask {
                    let outcome = await post(
                        body, headers: cluster.token.map { ["Authorization": "Bearer \($0)"] } ?? [:],
                        to: url + "/api/v2/alerts", allowsPlainHTTP: true, as: .alertmanager, hiding: cluster.token,
                        at: now)
                    return (index, cluster.urls.count > 1 ? outcome.with(prefix: url) : outcome)
                }
            }
            var outcomes: [(Int, DeliveryOutcome)] = []
            for await outcome in group { outcomes.append(outcome) }
            return outcomes.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}

extension DeliveryOutcome {
    /// With the member that it is of before its reason.
    fileprivate func with(prefix: String) -> DeliveryOutcome {
        switch self {
        case .delivered, .opened: self
        case .retry(let after, let reason, let isAmbiguous, let accepted):
            .retry(
                after: after, reason: "\(prefix): \(reason)", isAmbiguous: isAmbiguous, acceptedRecipients: accepted)
        case .permanent(let reason, let accepted):
            .permanent(reason: "\(prefix): \(reason)", acceptedRecipients: accepted)
        }
    }
}
