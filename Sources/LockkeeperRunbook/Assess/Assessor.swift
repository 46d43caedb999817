public import LockkeeperCore
internal import LockkeeperHost
public import LockkeeperPostgres

/// Diagnoses a server at once, without an agent that has watched it: takes a few looks, as an agent would, and says what they show.
///
/// Nothing of it is stored. What only time shows, such as queries that got slower, it cannot know.
public actor Assessor {
    private let sampler: Sampler
    private let processes = ProcessReader()
    private var state: TargetState
    private var lastSampleAt: Timestamp

    /// - Parameter folder: the target's folder of migrations, if it is known.
    public init(
        _ configuration: Sampler.Configuration, folder: MigrationFolder? = nil, toolFolder: String? = nil,
        privacy: QueryTextPrivacy = .normalized
    ) {
        sampler = Sampler(configuration)
        state = TargetState(
            target: configuration.target, folder: folder, privacy: privacy, databases: configuration.databases)
        lastSampleAt = Sampler.wallClock()
        processes.watch([.init(target: configuration.target, tool: folder?.tool, folder: toolFolder)])
    }

    /// Takes some looks and closes the connections.
    ///
    /// - Parameters:
    ///   - looks: two at least, since some things show only as a change.
    ///   - pause: the time between them.
    public func assess(looks: Int = 3, pause: Duration = .seconds(1)) async -> Assessment {
        for number in 1...max(2, looks) {
            if number > 1 { try? await Task.sleep(for: pause) }
            // Catalogs and statistics cost more, and two readings of them tell all that there is.
            await look(inDepth: number == 1 || number == looks)
            // A server that cannot be reached now will hardly be in a second.
            if state.observation == nil { break }
        }
        await close()
        return assessment()
    }

    /// Takes one look.
    ///
    /// - Parameter inDepth: also at the catalogs, the statistics and all histories.
    public func look(inDepth: Bool = false) async {
        if state.observation == nil {
            // Histories say which tool a session belongs to: they come first, if there is somebody who tells them.
            take(await sampler.look(state.inquiry, tier: .active))
            guard state.failure == nil else { return }
        }
        let wanted = state.inquiry.historyWanted
        if inDepth || !wanted.isEmpty {
            for sample in await sampler.readHistory(of: inDepth ? [] : wanted) { take(sample) }
        }
        take(await sampler.look(state.inquiry, tier: .active))
        take(await processes.look(for: state.inquiry.processQuestions, of: state.target))
        guard inDepth else { return }
        for sample in await sampler.readCatalogs() { take(sample) }
        take(await sampler.readStatements())
    }

    /// What the looks so far show.
    public func assessment(by thresholds: DiagnosisThresholds = DiagnosisThresholds()) -> Assessment {
        Assessment(
            target: state.target, at: state.serverTime(at: lastSampleAt), server: state.observation?.server,
            findings: Diagnosis.findings(in: state.situation(at: lastSampleAt, thresholds: thresholds)),
            locks: state.lockOverview, failure: state.failure)
    }

    public func close() async {
        await sampler.close()
    }

    private func take(_ sample: Sample) {
        lastSampleAt = max(lastSampleAt, sample.takenAt)
        _ = state.advance(sample)
    }
}
