internal import LockkeeperCore
internal import LockkeeperNotify
internal import LockkeeperStore

/// What became of deliveries, for metrics: counts since the start, and how the outbox stands.
///
/// Every receiver has all its counters from the start at 0: a counter that begins with 1 hides its first increase.
struct NotificationFigures: Sendable {
    private var counts: [MetricCatalog.NotificationLabels: Int] = [:]
    private var outbox: [OutboxSummary] = []

    mutating func configure(receivers: [String]) {
        let kept = Set(receivers)
        counts = counts.filter { kept.contains($0.key.receiver) }
        for receiver in receivers {
            for outcome in MetricCatalog.NotificationLabels.Outcome.allCases {
                counts[.init(receiver: receiver, outcome: outcome), default: 0] += 0
            }
        }
    }

    mutating func note(_ settlement: Settlement) {
        let outcome: MetricCatalog.NotificationLabels.Outcome =
            switch settlement.reason {
            case .delivered: .delivered
            case .willRetry: .retried
            case .refused: .failed
            }
        count(outcome, receiver: settlement.delivery.receiver)
    }

    mutating func noteAbandoned(receiver: String, count: Int) {
        for _ in 0..<count { self.count(.failed, receiver: receiver) }
    }

    /// - Parameter counts: how many messages, by receiver. One that is not configured has no figures.
    mutating func noteSuperseded(_ counts: [String: Int]) {
        for (receiver, count) in counts {
            self.counts[.init(receiver: receiver, outcome: .superseded)]? += count
        }
    }

    private mutating func count(_ outcome: MetricCatalog.NotificationLabels.Outcome, receiver: String) {
        counts[.init(receiver: receiver, outcome: outcome), default: 0] += 1
    }

    mutating func update(outbox: [OutboxSummary]) {
        self.outbox = outbox
    }

    func record(into metrics: inout MetricsBuilder, at now: Timestamp) {
        for (labels, count) in counts {
            metrics.set(MetricCatalog.notifications, labels, to: count)
            let receiver = MetricCatalog.ReceiverLabels(receiver: labels.receiver)
            metrics.set(MetricCatalog.outboxPending, receiver, to: 0)
            metrics.set(MetricCatalog.outboxOldest, receiver, to: 0)
        }
        for summary in outbox {
            let receiver = MetricCatalog.ReceiverLabels(receiver: summary.receiver)
            metrics.set(MetricCatalog.outboxPending, receiver, to: summary.pending)
            metrics.set(
                MetricCatalog.outboxOldest, receiver, to: summary.oldestPlannedAt.map { max(.zero, now - $0) } ?? .zero)
            if let last = summary.lastSuccessAt {
                metrics.set(MetricCatalog.notificationLastSuccess, receiver, to: last)
            }
        }
    }
}
