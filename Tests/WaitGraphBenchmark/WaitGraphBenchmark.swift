import LockkeeperCore

/// Prints how long the wait graph of ten thousand waiters takes, in milliseconds: a name and the quickest of some rounds on each line.
@main
enum WaitGraphBenchmark {
    static let waiters = 10_000
    static let begin = Timestamp(seconds: 1_700_000_000)

    static func main() {
        for (name, locks) in [
            ("all on one table, mixed modes", oneTable), ("each on a row of its own", pairs),
            ("40 DDL statements", ddl),
        ] {
            var best = Duration.seconds(3600)
            var checked = 0
            for _ in 0..<20 {
                let time = ContinuousClock().measure {
                    let graph = WaitGraph(locks: locks)
                    let roots = graph.rootBlockers
                    checked =
                        roots.count + graph.victimCounts(of: roots).count + graph.victims(of: [1]).count
                        + graph.waits.count + (locks.last.map { graph.rootBlockers(of: $0.pid).count } ?? 0)
                }
                best = min(best, time)
            }
            let milliseconds = Double(best.components.attoseconds) / 1e15 + Double(best.components.seconds) * 1000
            print("\(name)\t\(milliseconds)\t\(checked)")
        }
    }

    static func lock(
        _ pid: Int, _ mode: LockMode, _ object: LockObject = LockObject(kind: .relation, database: 5, relation: 20_000),
        since: Int? = nil
    ) -> HeldLock {
        HeldLock(
            pid: Int32(pid), object: object, mode: mode, isGranted: since == nil,
            waitStart: since.map { begin + .milliseconds($0) }, database: "shop",
            relation: object.relation.map { .init(oid: $0, name: "public.orders") })
    }

    /// Fifty readers, and everybody else queued for the same table.
    static var oneTable: [HeldLock] {
        let modes = LockMode.allCases.filter { $0 != .siRead }
        return (1...50).map { lock($0, .accessShare) }
            + (0..<waiters).map { lock(1000 + $0, $0 == 0 ? .accessExclusive : modes[$0 % modes.count], since: $0) }
    }

    static var pairs: [HeldLock] {
        (0..<waiters).flatMap { number in
            let object = LockObject(kind: .transactionid, transaction: UInt32(number))
            return [lock(50_000 + number, .exclusive, object), lock(1 + number, .share, object, since: number)]
        }
    }

    static var ddl: [HeldLock] {
        [lock(1, .accessShare)] + (0..<40).map { lock(1000 + $0, .accessExclusive, since: $0) }
    }
}
