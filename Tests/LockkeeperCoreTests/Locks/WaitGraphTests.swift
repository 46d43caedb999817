import LockkeeperCore
import Testing

@Suite struct WaitGraphTests {
    @Test func `Victims are all that wait behind, however indirectly, and roots those that wait for nobody`() {
        let graph = WaitGraph(blockers: [2: [1], 3: [2], 4: [2, 3], 5: [9], 6: [0]])
        #expect(graph.victims(of: [1]) == [2, 3, 4])
        #expect(graph.victims(of: [2]) == [3, 4])
        #expect(graph.rootBlockers(of: 4) == [1])
        #expect(graph.rootBlockers == [0, 1, 9])
    }

    @Test func `A cycle, which a reading that is not atomic may show, ends the walk`() {
        let graph = WaitGraph(blockers: [1: [2], 2: [1], 3: [1]])
        #expect(graph.victims(of: [1]) == [2, 3])
        #expect(graph.rootBlockers(of: 3).isEmpty)
        #expect(graph.rootBlockers.isEmpty)
    }

    @Test func `Forty queued statements that each wait for all before them are walked in the number of their edges`() {
        let blockers = Dictionary(uniqueKeysWithValues: (Int32(2)...41).map { ($0, Array(1..<$0)) })
        let graph = WaitGraph(blockers: blockers)
        #expect(graph.victims(of: [1]).count == 40)
        #expect(graph.rootBlockers(of: 41) == [1])
    }

    @Test func `Lock modes conflict as the manual's table says, and the table is symmetric`() {
        for left in LockMode.allCases {
            for right in LockMode.allCases { #expect(left.conflicts(with: right) == right.conflicts(with: left)) }
        }
        let counts = LockMode.allCases.map { mode in LockMode.allCases.count { mode.conflicts(with: $0) } }
        #expect(counts == [1, 2, 4, 5, 5, 6, 7, 8, 0])
    }
}
