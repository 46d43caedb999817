internal import LockkeeperCore

/// Looks at one target as often as it should, and hands what it sees on. No target's watcher waits for another's.
struct TargetWatcher: Sendable {
    /// How often it looks.
    struct Cadence: Sendable, Hashable {
        var glance: Duration
        var idle: Duration
        var active: Duration
        var history: Duration
    }

    let probe: any TargetProbe
    let cadence: Cadence
    /// Takes a sample and says what the next looks should find out.
    let ingest: @Sendable (Sample) async -> Inquiry

    /// Looks until it is cancelled.
    func run() async {
        let (wishes, wish) = AsyncStream.makeStream(of: Set<String>.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup { group in
            group.addTask { await watch(wish) }
            group.addTask { await readHistories(wishes) }
        }
        await probe.close()
    }

    /// Glances at its pace, and looks fully at its own, or at once when a glance shows something new.
    private func watch(_ wish: AsyncStream<Set<String>>.Continuation) async {
        let clock = ContinuousClock()
        var inquiry = Inquiry()
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
            if !inquiry.historyWanted.isEmpty { wish.yield(inquiry.historyWanted) }
            try? await clock.sleep(until: began + cadence.glance)
        }
        wish.finish()
    }

    /// Reads the history tables at their own pace, and at once where a run's end waits for it.
    private func readHistories(_ wishes: AsyncStream<Set<String>>) async {
        let clock = ContinuousClock()
        let (ticks, tick) = AsyncStream.makeStream(of: Set<String>.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    tick.yield([])
                    try? await clock.sleep(for: cadence.history)
                }
                tick.finish()
            }
            group.addTask {
                for await wish in wishes { tick.yield(wish) }
            }
            for await databases in ticks {
                if Task.isCancelled { break }
                for sample in await probe.readHistory(of: databases) { _ = await ingest(sample) }
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
