internal import LockkeeperCore

/// Who waits for whom, drawn as a tree: at the root who waits for nobody, below each whoever waits for them.
///
/// Who waits for several stands below the nearest one in the queue, or else below the first who holds the lock.
struct WaitTree {
    private let overview: LockOverview
    private var children: [LockOwner: [LockOverview.Waiter]] = [:]

    /// How many lines there are at most below one node, and how deep they go.
    private static let width = 8, depth = 6

    init(_ overview: LockOverview) {
        self.overview = overview
        for waiter in overview.waiters {
            guard let parent = waiter.blockers.last(where: { !$0.isHard }) ?? waiter.blockers.first else { continue }
            children[parent.owner, default: []].append(waiter)
        }
    }

    /// Several lines without a line feed at the end.
    var text: String {
        var lines = ["Who waits for whom:"]
        var drawn: Set<Int32> = []
        for root in overview.rootBlockers.prefix(Self.width) {
            let owner: LockOwner = root.blocker.gid.map(LockOwner.preparedTransaction) ?? .session(root.blocker.pid)
            guard children[owner] != nil else { continue }
            lines.append("  \(label(root))")
            draw(below: owner, indent: "  ", depth: 1, drawn: &drawn, into: &lines)
        }
        let hidden = overview.waiterCount - drawn.count
        if hidden > 0 { lines.append("  and \(hidden) more") }
        return lines.joined(separator: "\n")
    }

    private func draw(
        below owner: LockOwner, indent: String, depth: Int, drawn: inout Set<Int32>, into lines: inout [String]
    ) {
        // The graph is of one reading that may hold a deadlock: nobody is drawn twice.
        let waiters = children[owner, default: []].filter { !drawn.contains($0.pid) }
        for (index, waiter) in waiters.enumerated() {
            guard index < Self.width, depth <= Self.depth else {
                lines.append("\(indent)└─ and \(waiters.count - index) more")
                drawn.formUnion(waiters[index...].map(\.pid))
                return
            }
            drawn.insert(waiter.pid)
            let isLast = index == waiters.count - 1
            lines.append("\(indent)\(isLast ? "└─" : "├─") \(label(waiter))")
            draw(
                below: .session(waiter.pid), indent: indent + (isLast ? "   " : "│  "), depth: depth + 1, drawn: &drawn,
                into: &lines)
        }
    }

    private func label(_ root: LockOverview.RootBlocker) -> String {
        let blocker = root.blocker
        if let gid = blocker.gid { return "prepared transaction '\(AssessmentText.printable(gid))' of \(blocker.user)" }
        let state = blocker.state == .unknown ? blocker.backendType : blocker.state.rawValue
        let since = blocker.stateChange.map { " for \((overview.serverTime - $0).readable)" } ?? ""
        return "pid \(blocker.pid)\(who(blocker.user, blocker.applicationName)): \(state)\(since)"
    }

    private func label(_ waiter: LockOverview.Waiter) -> String {
        let since = waiter.since.map { " for \((overview.serverTime - $0).readable)" } ?? ""
        let mode = [.relation, .extend, .page].contains(waiter.kind) ? "\(waiter.mode.sqlName) on " : ""
        return
            "pid \(waiter.pid)\(who(waiter.user, waiter.applicationName)): waits\(since) for \(mode)\(AssessmentText.printable(waiter.object))"
    }

    private func who(_ user: String, _ application: String) -> String {
        let application = application.isEmpty ? "" : " (\(AssessmentText.printable(application)))"
        return user.isEmpty ? application : " \(AssessmentText.printable(user))\(application)"
    }
}
