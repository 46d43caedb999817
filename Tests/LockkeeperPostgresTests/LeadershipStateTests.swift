import LockkeeperCore
import Testing

@testable import LockkeeperPostgres

/// What an agent takes itself for, in virtual time.
struct LeadershipStateTests {
    private let begin = ContinuousClock.now
    private var state: LeadershipState

    init() {
        state = LeadershipState(at: begin)
    }

    private func at(_ seconds: Double) -> ContinuousClock.Instant { begin + .seconds(seconds) }

    /// Connects and gets the first answer.
    private mutating func decide(isOurs: Bool, at seconds: Double = 0) {
        #expect(state.next(at: at(seconds)) == .connect)
        let isKept = state.connected(through: nil, at: at(seconds))
        #expect(isKept)
        #expect(state.next(at: at(seconds)) == .ask)
        state.answered(isOurs: isOurs, at: at(seconds))
    }

    @Test("Whoever has the lock leads, and asks each second whether that is still so")
    mutating func leading() {
        #expect(state.role == .undecided && !state.role.tells && !state.role.isKnown)
        decide(isOurs: true)
        #expect(state.role == .leading && state.role.tells && state.role.isKnown)
        #expect(state.next(at: at(0.5)) == .wait(until: at(1)))
        #expect(state.next(at: at(1)) == .ask)
    }

    @Test("Whoever does not get the lock follows, finds out whom, and asks each second whether it is free")
    mutating func following() {
        decide(isOurs: false)
        #expect(state.role == .following(nil) && !state.role.tells && state.role.isKnown)
        #expect(state.next(at: at(0)) == .findHolder)
        let holder = LockHolder(pid: 4711, applicationName: "lockkeeper", clientAddress: "10.0.0.7")
        state.found(holder, at: at(0))
        #expect(state.role == .following(holder))
        #expect(state.next(at: at(0)) == .wait(until: at(1)))
        for second in 1...9 {
            #expect(state.next(at: at(Double(second))) == .ask)
            state.answered(isOurs: false, at: at(Double(second)))
            #expect(state.role == .following(holder))
            #expect(state.next(at: at(Double(second))) == .wait(until: at(Double(second) + 1)))
        }
        // Another may have taken over meanwhile.
        #expect(state.next(at: at(10)) == .ask)
        state.answered(isOurs: false, at: at(10))
        #expect(state.next(at: at(10)) == .findHolder)
        state.found(LockHolder(pid: 4712), at: at(10))
        #expect(state.role == .following(LockHolder(pid: 4712)))
        state.answered(isOurs: true, at: at(11))
        #expect(state.role == .leading)
        #expect(state.next(at: at(11)) == .wait(until: at(12)))
    }

    @Test("A leader that loses its session does not know any more, tells on, and lets others try first")
    mutating func lost() {
        decide(isOurs: true)
        state.failed("terminated", isOpen: false, at: at(10), random: 0)
        #expect(state.role == .unknown(reason: "terminated") && state.role.tells && !state.role.isKnown)
        #expect(state.next(at: at(10)) == .wait(until: at(12)))
        decide(isOurs: false, at: 12)
        #expect(state.role == .following(nil))
    }

    @Test("One that follows stays silent through a short failure, and tells after a longer one")
    mutating func patience() {
        decide(isOurs: false)
        state.found(LockHolder(pid: 1), at: at(0))
        state.answered(isOurs: false, at: at(9))
        state.failed("disconnected", isOpen: false, at: at(10), random: 1)
        #expect(state.role == .following(LockHolder(pid: 1)))
        #expect(state.next(at: at(10)) == .wait(until: at(10.25)))
        // Nobody answers at all: the time runs from the last answer.
        #expect(state.next(at: at(10.25)) == .connect)
        state.failed("nobody answers", isOpen: false, at: at(12), random: 1)
        #expect(state.role == .following(LockHolder(pid: 1)))
        #expect(state.next(at: at(13.9)) == .connect)
        #expect(state.role == .following(LockHolder(pid: 1)))
        _ = state.next(at: at(14))
        #expect(state.role.label == "unknown" && state.role.tells)
        // And as soon as there is somebody to follow, it is silent again.
        state.failed("nobody answers", isOpen: false, at: at(20), random: 0)
        #expect(state.role == .unknown(reason: "nobody answers"))
        decide(isOurs: false, at: 30)
        #expect(!state.role.tells)
    }

    @Test("A short failure is over without anybody having told anything")
    mutating func shortFailure() {
        decide(isOurs: false)
        for second in stride(from: 1.0, to: 60, by: 3) {
            state.failed("disconnected", isOpen: false, at: at(second), random: 0)
            #expect(!state.role.tells)
            let isKept = state.connected(through: nil, at: at(second + 1))
            #expect(isKept)
            state.answered(isOurs: false, at: at(second + 2))
            #expect(!state.role.tells)
        }
    }

    @Test("One that is started while nobody answers waits for seconds, and then tells")
    mutating func startedInVain() {
        var now = 0.0
        while !state.role.tells {
            #expect(now <= 6, "it is silent for too long")
            switch state.next(at: at(now)) {
            case .wait(let until): now = (until - begin) / .seconds(1)
            case .connect:
                // An attempt takes a while.
                now += 0.2
                state.failed("nobody answers", isOpen: false, at: at(now), random: 0.5)
            case let action: Issue.record("\(action)")
            }
        }
        #expect(now >= 5)
    }

    @Test("Behind a pooler no lock is taken: the agent tells, and looks again later whether the pooler is gone")
    mutating func pooler() {
        #expect(state.next(at: at(0)) == .connect)
        let isKept = state.connected(through: "pgbouncer", at: at(0))
        #expect(!isKept)
        #expect(state.role.tells && !state.role.isKnown)
        guard case .unknown(let reason) = state.role else { return }
        #expect(reason.contains("pgbouncer") && reason.contains("connect directly"))
        #expect(state.next(at: at(1)) == .wait(until: at(30)))
        decide(isOurs: true, at: 30)
        #expect(state.role == .leading)
    }

    @Test("A question that fails while the line stands is asked again")
    mutating func failedQuestion() {
        decide(isOurs: true)
        state.failed("timed out", isOpen: true, at: at(1), random: 0)
        #expect(state.role == .unknown(reason: "timed out"))
        #expect(state.next(at: at(1)) == .wait(until: at(2)))
        #expect(state.next(at: at(2)) == .ask)
        state.answered(isOurs: true, at: at(2))
        #expect(state.role == .leading)
    }

    @Test("An agent that was suspended asks before it believes anything else")
    mutating func suspended() {
        decide(isOurs: false)
        state.found(LockHolder(pid: 1), at: at(0))
        #expect(state.next(at: at(1000)) == .ask)
        #expect(state.role == .following(LockHolder(pid: 1)))
    }

    @Test("However things go, it is never silent for long without having heard of one who leads")
    mutating func neverSilent() {
        var generator = SystemRandomNumberGenerator()
        var now = 0.0
        var heardAt = 0.0
        for _ in 0..<20_000 {
            let action = state.next(at: at(now))
            #expect(state.role.tells || now - heardAt <= 5.5 + 3, "silent at \(now), last heard at \(heardAt)")
            let took = Double.random(in: 0...3, using: &generator)
            switch action {
            case .wait(let until):
                #expect(until > at(now))
                now = (until - begin) / .seconds(1)
            case .connect:
                now += took
                if Bool.random(using: &generator) {
                    _ = state.connected(through: nil, at: at(now))
                } else {
                    state.failed("no", isOpen: false, at: at(now), random: 0.5)
                }
            case .ask:
                now += took
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: state.failed("no", isOpen: Bool.random(using: &generator), at: at(now), random: 0.5)
                case let number:
                    heardAt = now
                    state.answered(isOurs: number == 1, at: at(now))
                }
            case .findHolder:
                now += took / 10
                state.found(Bool.random(using: &generator) ? LockHolder(pid: 1) : nil, at: at(now))
            }
        }
    }

    // MARK: - The lock

    @Test("Agents agree on a target's lock, and no two of the usual names share one")
    func keys() {
        #expect(LeadershipLock(target: "app-production").key == LeadershipLock(target: "app-production").key)
        // Of all versions of the agent: a key that changed would have two lead while one of them is brought up to date.
        #expect(LeadershipLock(target: "app").key == -500_882_283)
        let names = (0..<2000).flatMap { ["app-\($0)", "db\($0).example.org"] }
        #expect(Set(names.map { LeadershipLock(target: $0).key }).count == names.count)
    }

    @Test("No migration tool takes a lock of this family")
    func family() {
        for name in ["app", "billing", "shop"] {
            let key = AdvisoryKey.pair(LeadershipLock.family, LeadershipLock(target: name).key)
            #expect(MigrationTool.owning(key, database: name) == nil)
        }
    }
}
