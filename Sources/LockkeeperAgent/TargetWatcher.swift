internal import LockkeeperCore

/// Looks at one target as often as it should, and hands what it sees on. No target's watcher waits for another's.
struct TargetWatcher: Sendable {
    /// How often it looks.
    struct Cadence: Sendable, Hashable {
        var glance: Duration
        var idle: Duration
        var active: Duration
        var history: Duration
        var statements: Duration
        var catalog: Duration
    }

    let probe: any TargetProbe
    let cadence: Cadence
    /// Looks for the processes of sessions on this machine.
    let lookForProcesses: @Sendable ([ProcessQuestion]) async -> Sample
    /// Takes a sample and says what the next looks should find out.
    let ingest: @Sendable (Sample) async -> Inquiry

    /// Looks until it is cancelled.
    func run() async {
        let (histories, readHistories) = AsyncStream.makeStream(
            of: Set<String>.self, bufferingPolicy: .bufferingNewest(1))
        let (statements, readStatements) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (catalogs, readCatalogs) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (processes, followProcesses) = AsyncStream.makeStream(
            of: [ProcessQuestion].self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup { group in
            group.addTask { await look(forProcesses: processes) }
            group.addTask {
                await watch { inquiry, hasMilestone in
                    followProcesses.yield(inquiry.processQuestions)
                    if !inquiry.historyWanted.isEmpty { readHistories.yield(inquiry.historyWanted) }
                    guard hasMilestone else { return }
                    readStatements.yield()
                    readCatalogs.yield()
                }
                for end in [readStatements, readCatalogs] { end.finish() }
                readHistories.finish()
                followProcesses.finish()
            }
            group.addTask {
                await look(every: cadence.history, or: histories, by: []) { await probe.readHistory(of: $0) }
            }
            group.addTask {
                await look(every: cadence.statements, or: statements, by: ()) {
                    let inquiry = await ingest(probe.readStatements())
                    guard !inquiry.statementTextsWanted.isEmpty,
                        let texts = await probe.readStatementTexts(of: inquiry.statementTextsWanted)
                    else { return [] }
                    return [texts]
                }
            }
            group.addTask {
                await look(every: cadence.catalog, or: catalogs, by: ()) { await probe.readCatalogs() }
            }
        }
        await probe.close()
    }

    /// Glances at its pace, and looks fully at its own, or at once when a glance shows something new.
    ///
    /// - Parameter tell: takes what should be found out by slower looks, and whether a run has begun or ended since the last time.
    private func watch(_ tell: (Inquiry, Bool) -> Void) async {
        let clock = ContinuousClock()
        var inquiry = Inquiry()
        var milestones = 0
        var glance: Glance?
        var lookAt = clock.now
        /// Whether the newest full look found nobody: once somebody answers a glance, it is made up for.
        var owesLook = false
        while !Task.isCancelled {
            let began = clock.now
            if began >= lookAt {
                let sample = await probe.look(inquiry, tier: inquiry.isActive ? .active : .idle)
                inquiry = await ingest(sample)
                // One that failed is repeated soon, but not at each glance: it may be the server's load that it fails of.
                let hasFailed = if case .failed = sample.content { true } else { false }
                lookAt = began + (inquiry.isActive || hasFailed ? cadence.active : cadence.idle)
                owesLook = sample.isOutage
            } else {
                let sample = await probe.glance(inquiry)
                inquiry = await ingest(sample)
                guard case .glanced(let seen) = sample.content else {
                    // What comes after an outage is looked at in full.
                    glance = nil
                    lookAt = clock.now
                    try? await clock.sleep(until: began + cadence.glance)
                    continue
                }
                let isNews = owesLook || seen.differs(from: glance)
                glance = seen
                if isNews {
                    lookAt = clock.now
                    continue
                }
            }
            if inquiry.isActive { lookAt = min(lookAt, began + cadence.active) }
            tell(inquiry, inquiry.milestones != milestones)
            milestones = inquiry.milestones
            try? await clock.sleep(until: began + cadence.glance)
        }
    }

    /// Looks for processes at the active pace while there are sessions to look for, else at the idle one.
    private func look(forProcesses questions: AsyncStream<[ProcessQuestion]>) async {
        let clock = ContinuousClock()
        var last: ContinuousClock.Instant?
        for await questions in questions {
            let pace = questions.isEmpty ? cadence.idle : cadence.active
            if let last, clock.now - last < pace { continue }
            last = clock.now
            _ = await ingest(lookForProcesses(questions))
        }
    }

    /// Takes a slow look at its own pace, and at once where it is wished for.
    ///
    /// - Parameter usual: what the look at its own pace is for.
    private func look<Wish: Sendable>(
        every interval: Duration, or wishes: AsyncStream<Wish>, by usual: Wish, _ look: (Wish) async -> [Sample]
    ) async {
        let clock = ContinuousClock()
        let (ticks, tick) = AsyncStream.makeStream(of: Wish.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    tick.yield(usual)
                    try? await clock.sleep(for: interval)
                }
                tick.finish()
            }
            group.addTask {
                for await wish in wishes { tick.yield(wish) }
            }
            for await wish in ticks {
                if Task.isCancelled { break }
                for sample in await look(wish) { _ = await ingest(sample) }
            }
        }
    }
}

extension Sample {
    /// Whether nobody answered, as opposed to a server that refuses one question.
    fileprivate var isOutage: Bool {
        guard case .failed(let failure) = content else { return false }
        return switch failure.reason {
        case .unreachable, .refused, .rejected, .timedOut, .disconnected: true
        case .permissionDenied, .serverError: false
        }
    }
}
