public import LockkeeperConfig
public import LockkeeperCore
internal import LockkeeperHost
public import LockkeeperNotify
public import LockkeeperStore
internal import LockkeeperTransfer
internal import LockkeeperWeb
internal import Logging
public import ServiceLifecycle

/// The whole agent as one service: opens the state, watches, evaluates, tells, and serves HTTP, until it is told to stop.
public struct AgentRuntime: Service {
    private let setup: AgentSetup
    private let configuration: Configuration
    private let onListening: @Sendable (String) async -> Void
    private let onEvent: @Sendable (RunEvent) -> Void

    /// - Parameters:
    ///   - configuration: what `setup.load` gave.
    ///   - onListening: told the URL under which HTTP is served, once it is.
    ///   - onEvent: told of the runs; it must be quick.
    public init(
        setup: AgentSetup, configuration: Configuration,
        onListening: @escaping @Sendable (String) async -> Void = { _ in },
        onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) {
        self.setup = setup
        self.configuration = configuration
        self.onListening = onListening
        self.onEvent = onEvent
    }

    /// Runs until graceful shutdown, or until a part of it fails: the state cannot be opened, the port is taken.
    ///
    /// On the way out the looks stop first, then what they changed is stored, then what is being sent may end.
    public func run() async throws {
        let store = try await Store.open(configuration.stateFolder)
        do {
            try await run(with: store)
        } catch {
            try? await store.close()
            throw error
        }
        try await store.close()
    }

    private func run(with store: Store) async throws {
        let logger = setup.logger
        let stored = try await store.load(silencesEndingAfter: AgentClock.now)
        let transfers = TransferClient()
        let (courierEvents, courierEvent) = AsyncStream.makeStream(of: CourierEvent.self)
        let courier = Courier(outbox: store, report: { courierEvent.yield($0) })
        let committer = Committer(store: store, logger: logger, committed: { courier.wake() })
        // The stamp before the reading: what is written meanwhile is seen later.
        let stamp = configuration.web.tls?.stamp
        let certificate = try configuration.web.tls.map { CurrentCertificate(try $0.read()) }
        let agent = Agent(
            setup: setup, configuration: configuration, stored: stored, lastRuns: try await Self.lastRuns(in: store),
            store: store, committer: committer, courier: courier, transfers: transfers, certificate: certificate,
            onEvent: onEvent)
        let web = WebServer(
            configuration: .init(
                host: configuration.listen.host, port: configuration.listen.port,
                // Of the configuration in force: a reload may have named others.
                token: { try await agent.configuration.web.token?.read() },
                users: { await agent.configuration.web.users.mapValues(\.text) }, certificate: certificate),
            view: agent, logger: logger, onListening: { await onListening($0.url) })

        let renewal = certificate.flatMap { certificate in
            stamp.map { stamp in
                CertificateRenewal(
                    certificate: certificate, stamp: stamp, logger: logger,
                    files: { await agent.configuration.web.tls })
            }
        }
        let committing = Task { await committer.run() }
        let reporting = Task { for await event in courierEvents { await agent.note(event) } }
        var failure: (any Error)?
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await web.run() }
                group.addTask {
                    // Its loops end by being cancelled; that is no failure, and the server may finish its answers.
                    do {
                        try await work(of: agent, store: store, after: stored, renewal: renewal)
                    } catch is CancellationError {}
                }
                // Whichever ends first ends the other: the one by shutdown or by failure.
                defer { group.cancelAll() }
                try await group.next()
                if !Task.isShuttingDownGracefully { group.cancelAll() }
                try await group.waitForAll()
            }
        } catch is CancellationError {
        } catch {
            failure = error
        }
        await agent.stop()
        committer.finish()
        await committing.value
        await courier.shutDown()
        courierEvent.finish()
        await reporting.value
        await transfers.shutdown()
        if let failure { throw failure }
    }

    /// Evaluates the rules at their pace, until shutdown.
    private func work(
        of agent: Agent, store: Store, after stored: StoredState, renewal: CertificateRenewal?
    ) async throws {
        await agent.start(after: stored)
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let clock = ContinuousClock()
                    var next = clock.now
                    while !Task.isCancelled {
                        await agent.tick()
                        // A pace, not a pause; what was missed is left out.
                        next = max(next + (await agent.ruleInterval), clock.now)
                        try await clock.sleep(until: next)
                    }
                }
                group.addTask {
                    while !Task.isCancelled {
                        do {
                            let time = AgentClock.now - Self.retention
                            _ = try await store.prune(before: time)
                            await agent.forgetEpisodes(closedBefore: time, exceptOf: try await store.episodes())
                        } catch {
                            setup.logger.error(
                                "could not remove old entries from the state", metadata: ["error": "\(error)"])
                        }
                        try await Task.sleep(for: .seconds(3600))
                    }
                }
                group.addTask {
                    while !Task.isCancelled {
                        try await Task.sleep(for: Self.folderInterval)
                        await agent.refreshFolders()
                    }
                }
                group.addTask {
                    // At first what only the start needed; later what only an incident, a report or a reload did.
                    var pause = Self.startUpPeriod
                    while true {
                        try await Task.sleep(for: pause)
                        ReadOnlyPages.release()
                        pause = .seconds(3600)
                    }
                }
                if let renewal { group.addTask { try await renewal.run() } }
                group.addTask {
                    for await _ in hangUps() { _ = await agent.reload() }
                }
                try await group.waitForAll()
            }
        }
    }

    /// How often the folders of migrations are read.
    private static let folderInterval = Duration.seconds(10)

    /// How long starting takes at most where nothing is wrong: each loop has gone round by then.
    private static let startUpPeriod = Duration.seconds(30)

    /// How long closed incidents, their deliveries and ended runs are kept.
    private static let retention = Duration.seconds(400 * 86_400)

    /// The last finished run of each tool in each database.
    private static func lastRuns(in store: Store) async throws -> [MigrationRun] {
        var seen: Set<[String]> = []
        return try await store.runs(RunFilter(isRunning: false), limit: 1000).filter {
            seen.insert([$0.target, $0.database, $0.tool]).inserted
        }
    }
}

extension Store: Outbox {}
