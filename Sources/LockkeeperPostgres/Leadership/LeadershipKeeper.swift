public import LockkeeperCore

/// Finds out, and keeps finding out, whether this agent is the one that tells people of a target: holds the target's advisory lock in a
/// session of its own as long as it can, or waits to take it over.
public actor LeadershipKeeper {
    /// The role whenever it changes from `undecided` on, the newest if it is read slowly. It ends when `run` does.
    public nonisolated let roles: AsyncStream<LeadershipRole>

    private nonisolated let report: AsyncStream<LeadershipRole>.Continuation
    private let lock: LeadershipLock
    private let policy: LeadershipPolicy
    private let dsn: @Sendable () throws(PostgresError) -> DSN
    private let random: @Sendable () -> Double
    private var state: LeadershipState
    private var session: PostgresSession?
    /// The server process of the session.
    private var pid: Int32 = 0
    private var reported = LeadershipRole.undecided

    /// - Parameters:
    ///   - target: the target's configured name.
    ///   - random: from 0 up to 1, by chance; spreads the attempts.
    ///   - dsn: asked anew for each connection, so that a changed secret file is heeded.
    public init(
        target: String, policy: LeadershipPolicy = LeadershipPolicy(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        dsn: @escaping @Sendable () throws(PostgresError) -> DSN
    ) {
        lock = LeadershipLock(target: target)
        self.policy = policy
        self.random = random
        self.dsn = dsn
        state = LeadershipState(policy: policy, at: .now)
        (roles, report) = AsyncStream.makeStream(of: LeadershipRole.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Works until its task is cancelled; then the lock is free at once. To be called once.
    public func run() async {
        state = LeadershipState(policy: policy, at: .now)
        while !Task.isCancelled {
            do throws(PostgresError) {
                try await perform(state.next(at: .now))
            } catch {
                await note(error)
            }
            if state.role != reported {
                reported = state.role
                report.yield(state.role)
            }
        }
        await close()
        report.finish()
    }

    private func perform(_ action: LeadershipState.Action) async throws(PostgresError) {
        switch action {
        case .connect:
            try await connect()
        case .ask:
            guard let row = try await ask(lock.take).first, let isOurs = row.boolean(0),
                let answering: Int32 = row.integer(1)
            else { throw unreadable }
            if answering == pid {
                state.answered(isOurs: isOurs, at: .now)
            } else {
                await refuse("another server process answers than before: a pooler is in front; connect directly")
            }
        case .findHolder:
            state.found(LeadershipLock.readHolder(try await ask(lock.holder)), at: .now)
        case .wait(let until):
            try? await Task.sleep(until: until, clock: .continuous)
        }
    }

    private func connect() async throws(PostgresError) {
        let limits = LineLimits(lease: policy.lease)
        let session = try await PostgresSession.connect(
            to: try dsn().with(limits), as: .observer(statementTimeout: policy.answersWithin),
            within: policy.connectsWithin)
        self.session = session
        let facts = try await session.facts
        guard state.connected(through: facts.server.pooler, at: .now) else { return await close() }
        pid = facts.backendPID
        _ = try await session.run(limits.queries, within: deadline)
    }

    private func ask(_ query: Query) async throws(PostgresError) -> Rows {
        guard let result = try await session?.run([query], within: deadline).first else { throw unreadable }
        return try result.get()
    }

    private var unreadable: PostgresError {
        PostgresError(
            kind: .protocolViolation, stage: .query("lockkeeper_leadership"), message: "the answer could not be read",
            hint: "check what answers at this address")
    }

    /// The server's own limit strikes first where the server lives; ours is for the line.
    private var deadline: Duration { policy.answersWithin + .milliseconds(500) }

    private func note(_ error: PostgresError) async {
        if error.kind == .permission { return await refuse(error.description) }
        let isOpen = await session?.isOpen ?? false
        if !isOpen { session = nil }
        state.failed(error.description, isOpen: isOpen, at: .now, random: random())
    }

    private func refuse(_ reason: String) async {
        state.refused(reason, at: .now)
        await close()
    }

    private func close() async {
        await session?.close()
        session = nil
    }
}
