import Foundation
import LockkeeperCore

/// What is found out about processes, with what is remembered so that the next look is cheap. It blocks while it reads.
struct ProcessSight {
    private let folder: ProcessFolder
    /// The most processes that one look goes through.
    var processLimit = 20_000
    /// How long the list of tools' processes is good for.
    var scanInterval = Duration.seconds(4)
    /// How long a socket whose holder was not found is not looked for again: looking through all processes is dear.
    var searchInterval = Duration.seconds(10)

    /// Which targets are watched, to tell whose a tool's process is.
    var watched: [UnconnectedTool.Watched] = []

    private var known: [Int32: Known] = [:]
    private var scans = 0
    private var scannedAt: ContinuousClock.Instant?
    private var isScanComplete = true
    private var holders: [UInt64: Holder] = [:]
    /// At which of the server's addresses sessions are connected, where their sockets can be asked about one by one.
    private var serverEnds: [SessionIdentity: SocketTable.Endpoint] = [:]
    private var searchedInVain: [UInt64: ContinuousClock.Instant] = [:]
    /// Whether a process was met whose open files may not be looked at.
    private var wasDenied = false
    /// The targets and tools that processes were tied to by a socket.
    private var ties: [HostProcess.Identity: (target: String, tool: String)] = [:]
    private var bootTime: Timestamp?

    /// What a process was found to be. One that has just been forked may become another program, so that the first two looks at it count; all
    /// are looked at anew now and then, as ids are used again.
    private struct Known {
        var tool: String?
        var looks = 0
    }

    /// Which process holds a socket, under which of its descriptors.
    private struct Holder {
        var pid: Int32
        var startTicks: Int64
        var descriptor: Int32
    }

    /// After so many scans each process is looked at anew.
    private static let scansPerRound = 15

    init(folder: ProcessFolder = ProcessFolder()) {
        self.folder = folder
    }

    // MARK: - A look

    mutating func read(_ questions: [ProcessQuestion], of target: String, at now: Timestamp) -> ProcessReading {
        adjustBootTime(now)
        scanIfDue()
        wasDenied = false
        let backends = questions.map { answer($0, at: now) }
        for backend in backends {
            if let tool = backend.clientTool, let process = backend.client.process {
                ties[process.identity] = (target, tool)
            }
        }
        var reading = ProcessReading(takenAt: now, backends: backends, unconnected: unconnected(of: target, backends))
        if !isScanComplete {
            reading.limits.append("There are more than \(processLimit) processes; the others were not looked at.")
        }
        if wasDenied {
            reading.limits.append(
                "The agent may not see which sockets other users' processes have open: run it as root, or with "
                    + "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, to have sessions tied to processes.")
        }
        if access("\(folder.root)/1", F_OK) != 0 {
            reading.limits.append("Other users' processes are hidden from the agent (/proc is mounted with hidepid).")
        }
        return reading
    }

    /// Starts of processes are counted from the system's. As the clocks drift apart by slewing, it is kept until it is plainly wrong, so that a
    /// process keeps its identity.
    private mutating func adjustBootTime(_ now: Timestamp) {
        let current = Self.bootTime()
        if let bootTime, abs((current - bootTime).inSeconds) < 1 { return }
        bootTime = current
    }

    private static func bootTime() -> Timestamp {
        var (boot, real) = (timespec(), timespec())
        clock_gettime(CLOCK_BOOTTIME, &boot)
        clock_gettime(CLOCK_REALTIME, &real)
        let seconds = real.tv_sec - boot.tv_sec
        return Timestamp(microseconds: Int64(seconds) * 1_000_000 + Int64(real.tv_nsec - boot.tv_nsec) / 1000)
    }

    private func start(_ status: ProcessFolder.Status) -> Timestamp {
        (bootTime ?? Self.bootTime()) + folder.duration(ticks: status.startTicks)
    }

    private func process(_ status: ProcessFolder.Status, _ command: CommandLine) -> HostProcess {
        HostProcess(
            pid: status.pid, parentPID: status.parentPID, startedAt: start(status),
            // A thread's name may be in its place: newer versions of Node call theirs MainThread.
            name: command.programName.map { $0.hasPrefix(status.name) ? status.name : $0 } ?? status.name,
            command: command.redacted, state: status.state, cpu: status.cpu, residentBytes: status.residentBytes,
            threads: status.threads, disk: folder.diskUse(of: status.pid))
    }

    // MARK: - Tools

    private mutating func scanIfDue() {
        if let scannedAt, .now - scannedAt < scanInterval { return }
        scannedAt = .now
        scans += 1
        if scans % Self.scansPerRound == 0 { known = known.mapValues { Known(tool: $0.tool, looks: 1) } }
        let (pids, isComplete) = folder.pids(limit: processLimit)
        isScanComplete = isComplete
        var next: [Int32: Known] = [:]
        next.reserveCapacity(pids.count)
        for pid in pids {
            var entry = known[pid] ?? Known()
            if entry.looks < 2 {
                entry.tool = ToolCommand.tool(of: folder.commandLine(of: pid))
                entry.looks += 1
            }
            next[pid] = entry
        }
        known = next
    }

    private var toolPIDs: [Int32] { known.filter { $0.value.tool != nil }.keys.sorted() }

    private mutating func unconnected(of target: String, _ backends: [BackendReading]) -> [ToolProcess] {
        let connected = Set(backends.compactMap { $0.client.process?.pid })
        var tools: [UnconnectedTool] = []
        var parents: [Int32: Int32] = [:]
        var living: Set<HostProcess.Identity> = []
        for pid in toolPIDs {
            guard let status = folder.status(of: pid), status.state != .zombie else { continue }
            let command = folder.commandLine(of: pid)
            // It may be another process by now, or another program.
            guard let tool = ToolCommand.tool(of: command) else { continue }
            let process = process(status, command)
            let tie = ties[process.identity]
            living.insert(process.identity)
            tools.append(
                UnconnectedTool(
                    tool: tie?.tool ?? tool, process: process, workingFolder: folder.workingFolder(of: pid),
                    formerTarget: tie?.target))
            var ancestor = status.parentPID
            for _ in 0..<8 where ancestor > 1 && parents[ancestor] == nil {
                parents[ancestor] = folder.status(of: ancestor)?.parentPID ?? 0
                ancestor = parents[ancestor] ?? 0
            }
        }
        for backend in backends {
            if let process = backend.client.process { living.insert(process.identity) }
        }
        // Of other targets' clients that no command line tells, what is remembered is checked rarely.
        if ties.count > 1000 { ties = ties.filter { living.contains($0.key) } }
        let workers = UnconnectedTool.workers(among: tools, parents: parents)
        // A wrapper of one that is connected is no other run.
        let wrapping = Set(
            backends.flatMap { backend in ancestors(of: backend.client.process) })
        return workers.filter { tool in
            !connected.contains(tool.process.pid) && !wrapping.contains(tool.process.pid)
                && tool.owner(among: watched) == target
        }.map { ToolProcess(tool: $0.tool, process: $0.process) }
    }

    private func ancestors(of process: HostProcess?) -> [Int32] {
        var pids: [Int32] = []
        var parent = process?.parentPID ?? 0
        while parent > 1, pids.count < 8 {
            pids.append(parent)
            parent = folder.status(of: parent)?.parentPID ?? 0
        }
        return pids
    }

    // MARK: - Sessions

    private mutating func answer(_ question: ProcessQuestion, at now: Timestamp) -> BackendReading {
        let server = serverProcess(of: question.session)
        let client = clientProcess(question, server: server)
        return BackendReading(session: question.session, tool: question.tool, server: server, client: client)
    }

    /// The pid alone says nothing: the server may be elsewhere, or count its processes in a namespace of its own. What is PostgreSQL's and
    /// began at most ten seconds before the session is it: a session begins milliseconds after its process was forked, but a machine under
    /// great load may let it wait.
    private func serverProcess(of session: SessionIdentity) -> BackendReading.ServerProcess {
        let elsewhere =
            "pid \(session.pid) is not the session's process on the agent's machine: the server runs elsewhere, or in a pid "
            + "namespace (a container) of its own"
        guard let status = folder.status(of: session.pid),
            ["postgres", "postmaster", "edb-postgres"].contains(status.name),
            (-1..<10).contains((session.backendStart - start(status)).inSeconds)
        else { return .unknown(reason: elsewhere) }
        return .found(
            process(status, folder.commandLine(of: session.pid)), sleepsIn: folder.sleepsIn(session.pid))
    }

    private mutating func clientProcess(
        _ question: ProcessQuestion, server: BackendReading.ServerProcess
    ) -> BackendReading.ClientProcess {
        if question.clientPort == 0 {
            return .unknown(reason: "the agent's role may not see the client's address: it needs pg_read_all_stats")
        }
        let answer =
            question.clientPort < 0
            ? unixClient(of: question.session, server: server) : networkClient(question, server: server)
        // Whatever was seen of the server's sockets holds only if it was still the same process afterwards.
        if case .gone = answer, serverProcess(of: question.session).process?.identity != server.process?.identity {
            return .unknown(reason: "the session ended while it was looked at")
        }
        return answer
    }

    private mutating func unixClient(
        of session: SessionIdentity, server: BackendReading.ServerProcess
    ) -> BackendReading.ClientProcess {
        if case .unknown(let reason) = server { return .unknown(reason: reason) }
        let sockets: [(descriptor: Int32, inode: UInt64)]
        do {
            sockets = try folder.sockets(of: session.pid)
        } catch {
            if error == .denied { wasDenied = true }
            return .unknown(
                reason: error == .denied
                    ? "the agent may not look into the open files of the server's processes" : "the session has ended")
        }
        guard let own = folder.networkNamespace(of: "self"),
            folder.networkNamespace(of: String(session.pid)) == own
        else {
            return .unknown(reason: "the server is in a network namespace (a container) of its own")
        }
        var peers: [UnixSocketPeer] = []
        for socket in sockets {
            do {
                let peer = try UnixSocketPeer.ask(about: socket.inode)
                if peer.isServers { peers.append(peer) }
            } catch .unavailable(let reason) {
                return .unknown(reason: "the kernel does not tell the other ends of Unix sockets: \(reason)")
            } catch {
                // A socket of another family.
                continue
            }
        }
        guard peers.count == 1, let peer = peers.first else {
            return .unknown(reason: "the session's socket was not found among those of its process")
        }
        guard peer.inode != 0 else {
            return .gone(
                evidence:
                    "the Unix socket of pid \(session.pid) has no other end any more: its client has closed it or died")
        }
        return holder(
            of: peer.inode, otherwise: "which process holds the other end of its Unix socket is not to be seen")
    }

    private mutating func networkClient(
        _ question: ProcessQuestion, server: BackendReading.ServerProcess
    ) -> BackendReading.ClientProcess {
        guard let client = SocketTable.endpoint(address: question.clientAddress, port: question.clientPort) else {
            return .unknown(reason: "the client's address \(question.clientAddress) is none that could be looked for")
        }
        guard case .found = server else { return clientOfRemote(question, client, server: server) }
        let pid = question.session.pid
        let place = "\(question.clientAddress) port \(question.clientPort)"
        guard let ends = ends(of: question, client) else {
            return .unknown(reason: "the agent may not see the server's connections")
        }
        guard let socket = ends.server else {
            return .gone(evidence: "pid \(pid) has no TCP connection to its client at \(place) any more: it was reset")
        }
        if socket.isClosedByPeer {
            return .gone(
                evidence:
                    "its client at \(place) has closed the connection or died: the socket of pid \(pid) is in \(socket.stateName)"
            )
        }
        guard let other = ends.client else {
            return .connected(
                reason:
                    "the client at \(place) is on another machine, or in a network namespace (a container) of its own")
        }
        return holder(
            of: other.inode,
            otherwise: "the client is a process of the user with id \(other.user), which one is not to be seen")
    }

    /// The sockets at both ends of a session's connection, as far as they are in the server's network namespace. `nil` if that cannot be seen.
    private mutating func ends(
        of question: ProcessQuestion, _ client: SocketTable.Endpoint
    ) -> (server: SocketTable.Entry?, client: SocketTable.Entry?)? {
        if let address = serverEnds[question.session] {
            do {
                return (
                    try entry(local: address, remote: client), try entry(local: client, remote: address)
                )
            } catch {
                serverEnds[question.session] = nil
            }
        }
        let pid = String(question.session.pid)
        guard var table = table(of: pid, about: client) else { return nil }
        func own(_ table: SocketTable) -> SocketTable.Entry? {
            table.entries.first {
                $0.remote == client && (question.serverPort == nil || $0.local.port == question.serverPort)
            }
        }
        // The table is not read in one instant: what is missing is looked for again.
        if own(table) == nil, let second = self.table(of: pid, about: client) { table = second }
        guard let server = own(table) else { return (nil, nil) }
        // What has the same inode is the same socket, in the agent's own network namespace: from now on it can be asked about directly.
        if serverEnds.count > 1000 { serverEnds = [:] }
        if (try? SocketTable.Entry.ask(local: server.local, remote: client))?.inode == server.inode {
            serverEnds[question.session] = server.local
        }
        return (server, table.entries.first { $0.local == client && $0.remote == server.local })
    }

    /// `nil` if there is no such socket.
    private func entry(
        local: SocketTable.Endpoint, remote: SocketTable.Endpoint
    ) throws(SocketDiagnosis.Failure) -> SocketTable.Entry? {
        do {
            return try SocketTable.Entry.ask(local: local, remote: remote)
        } catch {
            if error == .missing { return nil }
            throw error
        }
    }

    /// The server is elsewhere: its client may be here all the same, connected from one of this machine's addresses.
    private mutating func clientOfRemote(
        _ question: ProcessQuestion, _ client: SocketTable.Endpoint, server: BackendReading.ServerProcess
    ) -> BackendReading.ClientProcess {
        guard case .unknown(let reason) = server else { return .unknown(reason: "not known") }
        // A loopback address is the server's own, not ours.
        guard !client.isLoopback, let table = table(of: "self", about: client) else { return .unknown(reason: reason) }
        let candidates = table.entries.filter {
            $0.local == client && $0.isEstablished && $0.remote.port == question.serverPort
        }
        guard candidates.count == 1, let socket = candidates.first else { return .unknown(reason: reason) }
        return holder(
            of: socket.inode,
            otherwise: "the client is a process of the user with id \(socket.user), which one is not to be seen")
    }

    private func table(of pid: String, about endpoint: SocketTable.Endpoint) -> SocketTable? {
        let tables = ["tcp", "tcp6"].compactMap { folder.networkTable($0, of: pid) }
        return tables.isEmpty ? nil : SocketTable(tables, about: endpoint)
    }

    // MARK: - Holders of sockets

    private mutating func holder(of inode: UInt64, otherwise reason: String) -> BackendReading.ClientProcess {
        guard inode != 0, let holder = findHolder(of: inode), let status = folder.status(of: holder.pid) else {
            return .connected(reason: reason)
        }
        let command = folder.commandLine(of: holder.pid)
        return .found(process(status, command), program: ToolCommand.program(of: command))
    }

    private mutating func findHolder(of inode: UInt64) -> Holder? {
        if let holder = holders[inode], folder.socket(holder.descriptor, of: holder.pid) == inode,
            folder.status(of: holder.pid)?.startTicks == holder.startTicks
        {
            return holder
        }
        holders[inode] = nil
        let now = ContinuousClock.now
        searchedInVain = searchedInVain.filter { now - $0.value < searchInterval }
        if searchedInVain[inode] != nil {
            wasDenied = wasDenied || lastSearchWasDenied
            return nil
        }
        lastSearchWasDenied = false
        // Tools first: of processes that share a socket, the tool is the one that is meant.
        for pid in toolPIDs {
            if let holder = holder(of: inode, in: pid) { return holder }
        }
        for pid in folder.pids(limit: processLimit).pids {
            if let holder = holder(of: inode, in: pid) { return holder }
        }
        searchedInVain[inode] = now
        return nil
    }

    private var lastSearchWasDenied = false

    private mutating func holder(of inode: UInt64, in pid: Int32) -> Holder? {
        do {
            guard let socket = try folder.sockets(of: pid).first(where: { $0.inode == inode }),
                let status = folder.status(of: pid)
            else { return nil }
            if holders.count > 1000 { holders = [:] }
            let holder = Holder(pid: pid, startTicks: status.startTicks, descriptor: socket.descriptor)
            holders[inode] = holder
            return holder
        } catch {
            if error == .denied { (wasDenied, lastSearchWasDenied) = (true, true) }
            return nil
        }
    }
}
