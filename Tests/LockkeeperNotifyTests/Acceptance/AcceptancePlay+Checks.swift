import LockkeeperCore

extension AcceptancePlay {
    /// What a receiver has, each message once: one that came again has the same id.
    func got(_ receiver: String) -> [ArrivedMessage] {
        var seen: Set<Delivery.ID> = []
        return arrived.filter { $0.delivery.receiver == receiver && seen.insert($0.delivery.id).inserted }
    }

    mutating func check() {
        let names = Set(wanted.map(\.message.receiver)).union(arrived.map(\.delivery.receiver))
        for receiver in names.sorted() {
            checkWanted(receiver)
            checkIncidents(receiver)
        }
        checkDoubles()
        if endsInPeace, !outbox.pending.isEmpty {
            violations.append("never delivered: \(outbox.pending.map { "\(WantedMessage($0))" })")
        }
    }

    /// These messages in this order, each in its time, and no others.
    private mutating func checkWanted(_ receiver: String) {
        let got = got(receiver)
        let wanted = wanted.filter { $0.message.receiver == receiver }
        guard got.map({ WantedMessage($0.delivery) }) == wanted.map(\.message) else {
            violations.append(
                "\(receiver) wants \(wanted.map { "\($0.message)" }), got \(got.map { "\($0.second) s: \(WantedMessage($0.delivery))" })"
            )
            return
        }
        for (message, want) in zip(got, wanted) where !want.seconds.contains(message.second) {
            violations.append("\(receiver) got at \(message.second) s, not within \(want.seconds): \(want.message)")
        }
    }

    /// Each incident is told in order: at first that it began, and at last that it is over.
    private mutating func checkIncidents(_ receiver: String) {
        for (incident, messages) in Dictionary(grouping: got(receiver), by: \.delivery.incidentID) {
            let told = messages.map(\.delivery)
            if told.map(\.sequence) != told.map(\.sequence).sorted() {
                violations.append("\(receiver) got \(incident) out of order: \(told.map(\.sequence))")
            }
            let ends = told.filter(\.notification.isResolved)
            if ends.count > 1 || ends.isEmpty && endsInPeace {
                violations.append("\(receiver) was told \(ends.count) times that \(incident) is over")
            }
            if let end = ends.first, end != told.last {
                violations.append("\(receiver) was told more of \(incident) after its end")
            }
            if told.contains(where: { $0.notification.isResolved != ($0.notification.reason == .resolved) }) {
                violations.append("\(receiver) got an end that is none of \(incident)")
            }
        }
    }

    private mutating func checkDoubles() {
        for (id, copies) in Dictionary(grouping: arrived, by: \.delivery.id)
        where copies.count > 1 + excused[id, default: 0] {
            violations.append(
                "\(copies[0].delivery.receiver) got \(copies.count) times \(WantedMessage(copies[0].delivery))")
        }
    }
}
