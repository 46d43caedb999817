import LockkeeperCore
import Testing

@Suite("A tool that has not connected")
struct UnconnectedToolTests {
    private func tool(
        _ tool: String = "drizzle", pid: Int32 = 10, parent: Int32 = 1, in folder: String? = nil, former: String? = nil
    ) -> UnconnectedTool {
        UnconnectedTool(
            tool: tool,
            process: HostProcess(pid: pid, parentPID: parent, startedAt: Timestamp(microseconds: 0), name: "node"),
            workingFolder: folder, formerTarget: former)
    }

    private let two: [UnconnectedTool.Watched] = [
        .init(target: "shop", tool: "drizzle", folder: "/srv/shop/db/drizzle"),
        .init(target: "blog", tool: "drizzle", folder: "/srv/blog/drizzle"), .init(target: "none"),
    ]

    @Test("belongs to the only target that is watched, to the one it was connected to, or to whose folder it works in")
    func owner() {
        #expect(tool().owner(among: [.init(target: "only")]) == "only")
        #expect(tool(former: "blog").owner(among: two) == "blog")
        #expect(tool(in: "/srv/blog/drizzle").owner(among: two) == "blog")
        #expect(tool(in: "/srv/blog").owner(among: two) == "blog")
        #expect(tool(in: "/srv/shop").owner(among: two) == "shop")
        #expect(tool("manual", in: "/srv/shop").owner(among: two) == "shop")
    }

    @Test("belongs to none if more than one could be meant")
    func nobody() {
        #expect(tool().owner(among: two) == nil)
        #expect(tool(in: "/srv").owner(among: two) == nil, "both are below it")
        #expect(tool(in: "/").owner(among: two) == nil)
        #expect(tool(in: "/srv/sh").owner(among: two) == nil)
        #expect(tool("flyway", in: "/srv/blog").owner(among: two) == nil, "another tool is configured there")
        #expect(tool().owner(among: []) == nil)
        #expect(tool("manual").owner(among: [.init(target: "only")]) == nil, "a script may be anybody's")
    }

    @Test("is counted once: the process that works, not those that have started it")
    func workers() {
        let tools = [
            tool("prisma", pid: 10), tool("prisma", pid: 12, parent: 11), tool("drizzle", pid: 20),
            tool("manual", pid: 21, parent: 20),
        ]
        let workers = UnconnectedTool.workers(among: tools, parents: [12: 11, 11: 10, 10: 1, 21: 20, 20: 1])
        #expect(workers.map(\.process.pid) == [12, 20, 21])
    }
}
