/// A migration tool at work on this machine that no watched session is tied to: it has not connected yet, or not to a target of ours.
public struct UnconnectedTool: Sendable, Hashable {
    public var tool: String
    public var process: HostProcess
    /// Where it was started; `nil` where the agent may not know.
    public var workingFolder: String?
    /// The target that a session of its was tied to before.
    public var formerTarget: String?

    public init(tool: String, process: HostProcess, workingFolder: String?, formerTarget: String? = nil) {
        self.tool = tool
        self.process = process
        self.workingFolder = workingFolder
        self.formerTarget = formerTarget
    }

    /// A target that the agent watches, with the migrations that are configured for it.
    public struct Watched: Sendable, Hashable {
        public var target: String
        public var tool: String?
        /// Absolute.
        public var folder: String?

        public init(target: String, tool: String? = nil, folder: String? = nil) {
            self.target = target
            self.tool = tool
            self.folder = folder
        }
    }

    /// The target that it is counted for: the one that it was connected to before; else, if only one is watched, that one, unless it is
    /// only a script or psql with a file, which may be anybody's; else the only one whose folder of migrations is its working folder, or at
    /// most three levels below it. `nil` if that leaves it open: then it is counted nowhere.
    public func owner(among watched: [Watched]) -> String? {
        if let formerTarget { return formerTarget }
        if watched.count == 1, tool != MigrationTool.manual { return watched[0].target }
        guard let workingFolder, workingFolder != "/" else { return nil }
        let fitting = watched.filter { candidate in
            guard let folder = candidate.folder, tool == candidate.tool || tool == MigrationTool.manual else {
                return false
            }
            guard folder != workingFolder else { return true }
            return folder.hasPrefix(workingFolder + "/")
                && folder.dropFirst(workingFolder.count).count(where: { $0 == "/" }) <= 3
        }
        return fitting.count == 1 ? fitting[0].target : nil
    }

    /// Leaves out those that have started another of the same tool: `prisma` waits for its `schema-engine`, a wrapper for what it wraps.
    ///
    /// - Parameter parents: the parent of each process on the way up.
    public static func workers(among tools: [UnconnectedTool], parents: [Int32: Int32]) -> [UnconnectedTool] {
        var wrappers: Set<Int32> = []
        let byPID = Dictionary(tools.map { ($0.process.pid, $0.tool) }, uniquingKeysWith: { first, _ in first })
        for tool in tools {
            var ancestor = tool.process.parentPID
            for _ in 0..<8 where ancestor > 1 {
                if byPID[ancestor] == tool.tool { wrappers.insert(ancestor) }
                ancestor = parents[ancestor] ?? 0
            }
        }
        return tools.filter { !wrappers.contains($0.process.pid) }
    }
}
