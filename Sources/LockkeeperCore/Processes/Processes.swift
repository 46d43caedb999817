/// The processes on the agent's own machine that have to do with a target's runs: the tools' and the server's backends.
public struct Processes: Sendable {
    public let target: String
    /// The newest reading.
    public private(set) var reading: ProcessReading?
    /// What is to be said of the clients of runs' sessions.
    private(set) var sightings: [SessionIdentity: ClientSighting] = [:]
    private var followed: [SessionIdentity: Followed] = [:]
    private var totals: [String: Totals] = [:]
    /// The tools' processes of the newest reading, with the tool that they are counted for.
    private var running: [HostProcess.Identity: (tool: String, process: HostProcess)] = [:]
    /// What has been counted of each process, and when: one that is missing from a reading, as a wrapper is while what it has started
    /// works, may be back in the next.
    private var counted: [HostProcess.Identity: (process: HostProcess, at: Timestamp)] = [:]

    /// What is remembered of a session between readings.
    private struct Followed: Sendable {
        var server: HostProcess?
        var at: Timestamp
        var cores: Double?
        /// Since when its client has been found gone without a break.
        var goneSince: Timestamp?
        /// How often in a row.
        var goneCount = 0
        var sightedAt: Timestamp?
        var sightedState: HostProcess.State?
        var sightedPID: Int32?
    }

    /// What a tool's processes have used in all, as far as it was seen.
    private struct Totals: Sendable {
        var cpu = Duration.zero
        var readBytes: Int64 = 0
        var writtenBytes: Int64 = 0
        var hasDisk = false
    }

    /// How many tools have figures, at most; a reading's tools are those of the catalogue or of runs.
    private static let toolLimit = 100
    /// A client counts as gone from the second reading on that finds it so: a server needs a moment to notice a regular end.
    private static let goneReadings = 2
    /// How often the figures in a sighting are brought up to date while nothing else changes.
    private static let sightingLife = Duration.seconds(15)
    /// How long a process is remembered that is not seen any more, and how many are at most.
    private static let countedLife = Duration.seconds(600)
    private static let countedLimit = 1000
    /// Older readings than this tell nothing of now.
    private static let readingLife = Duration.seconds(30)

    public init(target: String) {
        self.target = target
    }

    public mutating func advance(_ reading: ProcessReading) {
        self.reading = reading
        let present = Set(reading.backends.map(\.session))
        followed = followed.filter { present.contains($0.key) }
        sightings = sightings.filter { present.contains($0.key) }
        for backend in reading.backends { follow(backend, at: reading.takenAt) }
        count(reading)
    }

    /// What is known of a session's two ends, if it was asked about.
    public func backend(of session: SessionIdentity) -> BackendReading? {
        reading?.backends.first { $0.session == session }
    }

    /// What the session's server process is doing.
    public func activity(of session: Session) -> BackendActivity {
        BackendActivity(
            session, server: backend(of: session.identity)?.server, cores: followed[session.identity]?.cores)
    }

    /// The sessions whose client is gone, each with the evidence, a sentence for people.
    public var orphans: [SessionIdentity: String] {
        Dictionary(
            uniqueKeysWithValues: (reading?.backends ?? []).compactMap { backend in
                guard followed[backend.session]?.goneCount ?? 0 >= Self.goneReadings,
                    let evidence = backend.client.goneEvidence
                else { return nil }
                return (backend.session, evidence)
            })
    }

    // MARK: - Sessions

    private mutating func follow(_ backend: BackendReading, at now: Timestamp) {
        let previous = followed[backend.session]
        var next = previous ?? Followed(at: now)
        let server = backend.server.process
        if let server, let before = previous?.server, before.identity == server.identity, let previous {
            // Over less than this the clock's ticks (10 ms) say little.
            if now - previous.at >= .milliseconds(200) {
                next.cores = max(0, (server.cpu - before.cpu).inSeconds / (now - previous.at).inSeconds)
                next.server = server
                next.at = now
            }
        } else {
            next.cores = nil
            next.server = server
            next.at = now
        }
        if backend.client.goneEvidence != nil {
            next.goneSince = previous?.goneSince ?? now
            next.goneCount += 1
        } else {
            next.goneSince = nil
            next.goneCount = 0
        }
        if backend.tool != nil { sight(backend, &next, at: now) }
        followed[backend.session] = next
    }

    private mutating func sight(_ backend: BackendReading, _ followed: inout Followed, at now: Timestamp) {
        switch backend.client {
        case .gone(let evidence):
            guard followed.goneCount >= Self.goneReadings, let since = followed.goneSince else { return }
            sightings[backend.session] = ClientSighting(text: evidence, goneSince: since)
            followed.sightedAt = nil
        case .found(let process, let program):
            // Between running and sleeping a process changes all the time.
            let state = process.state == .running ? .sleeping : process.state
            let isNews =
                followed.sightedAt.map { now - $0 >= Self.sightingLife } ?? true
                || state != followed.sightedState || process.pid != followed.sightedPID
            guard isNews || sightings[backend.session] == nil else { return }
            followed.sightedAt = now
            followed.sightedState = state
            followed.sightedPID = process.pid
            var text = process.summary
            if program == .relay { text += "; it passes on what others send, so who is behind it is not known" }
            sightings[backend.session] = ClientSighting(text: text)
        case .connected, .unknown:
            sightings[backend.session] = nil
            followed.sightedAt = nil
        }
    }

    // MARK: - Figures

    /// The tools' processes of a reading: those that hold an end of a run's session, and those that have not connected. A relay is none.
    private static func tools(of reading: ProcessReading) -> [HostProcess.Identity: (
        tool: String, process: HostProcess
    )] {
        var found: [HostProcess.Identity: (tool: String, process: HostProcess)] = [:]
        for tool in reading.unconnected { found[tool.process.identity] = (tool.tool, tool.process) }
        for backend in reading.backends {
            guard let tool = backend.clientTool, case .found(let process, _) = backend.client else { continue }
            found[process.identity] = (tool, process)
        }
        return found
    }

    private mutating func count(_ reading: ProcessReading) {
        let now = Self.tools(of: reading)
        for (identity, seen) in now {
            guard totals[seen.tool] != nil || totals.count < Self.toolLimit else { continue }
            // One that is counted for another tool from now on, since its run is known, counts there from now on.
            let before = counted[identity]?.process
            var total = totals[seen.tool] ?? Totals()
            total.cpu += max(.zero, seen.process.cpu - (before?.cpu ?? .zero))
            if let disk = seen.process.disk {
                total.hasDisk = true
                total.readBytes += max(0, disk.readBytes - (before?.disk?.readBytes ?? 0))
                total.writtenBytes += max(0, disk.writtenBytes - (before?.disk?.writtenBytes ?? 0))
            }
            totals[seen.tool] = total
            var process = seen.process
            process.disk = process.disk ?? before?.disk
            counted[identity] = (process, reading.takenAt)
        }
        running = now
        counted = counted.filter { reading.takenAt - $0.value.at < Self.countedLife }
        if counted.count > Self.countedLimit {
            let oldest = counted.sorted { ($0.value.at, $0.key.pid) < ($1.value.at, $1.key.pid) }
            for (identity, _) in oldest.prefix(counted.count - Self.countedLimit) { counted[identity] = nil }
        }
    }

    /// Writes the figures of the tools' processes: by tool, as its run names it, else as the command line does. A tool whose process has
    /// been seen once is shown as not running afterwards.
    public func record(into metrics: inout MetricsBuilder, at now: Timestamp) {
        guard let reading, now - reading.takenAt < Self.readingLife else { return }
        let running = Dictionary(grouping: running.values, by: \.tool)
        for (tool, total) in totals {
            let labels = MetricCatalog.ProcessLabels(target: target, tool: tool)
            let processes = running[tool, default: []].map(\.process)
            metrics.set(MetricCatalog.migrationProcessRunning, labels, to: processes.count)
            metrics.set(MetricCatalog.migrationProcessCPU, labels, to: total.cpu)
            metrics.set(
                MetricCatalog.migrationProcessResidentMemory, labels, to: processes.reduce(0) { $0 + $1.residentBytes })
            if total.hasDisk {
                metrics.set(MetricCatalog.migrationProcessRead, labels, to: total.readBytes)
                metrics.set(MetricCatalog.migrationProcessWritten, labels, to: total.writtenBytes)
            }
        }
    }
}

extension HostProcess {
    /// For people: `node (pid 1234), sleeping, 3 s CPU, 120 MiB`.
    public var summary: String {
        // Seconds alone for long times, hundredths for short ones, as the kernel counts.
        let hundredths = cpu.microseconds / 10_000
        let seconds =
            hundredths >= 1000
            ? "\(hundredths / 100)"
            : "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
        let mebibytes = (residentBytes + 1 << 19) >> 20
        return "\(name) (pid \(pid)), \(state.readable), \(seconds) s CPU, \(mebibytes) MiB"
    }
}
