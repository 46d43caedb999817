import Synchronization
import Testing

@testable import LockkeeperWeb

struct PasswordDeskTests {
    @Test(arguments: [
        // Of bcrypt's own test vectors (openwall's crypt_blowfish), which all versions share.
        ("U*U", "05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U*", "05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("", "05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
    ])
    func aPasswordHasItsHashInEachVersionAndNoOther(password: String, rest: String) {
        for version in ["2a", "2b", "2y"] {
            let hash = "$\(version)$\(rest)"
            #expect(PasswordHash.isPassword(Array(password.utf8), of: hash))
            #expect(!PasswordHash.isPassword(Array("\(password)x".utf8), of: hash))
            #expect(!PasswordHash.isPassword(Array("\(password)\0x".utf8), of: hash), "C's strings end at a NUL")
            #expect(!PasswordHash.isPassword(Array(password.utf8), of: String(hash.dropLast())))
        }
        #expect(!PasswordHash.isPassword(Array(password.utf8), of: "no hash"))
        #expect(!PasswordHash.isPassword([UInt8](repeating: 97, count: 10_000), of: "$2b$\(rest)"))
    }

    @Test func nobodysHashIsOfTheGreatestCostAndIsNobodys() {
        let hash = PasswordHash.nobodys(like: ["$2b$04$x", "$2y$05$x"])
        #expect(hash.hasPrefix("$2b$05$"))
        for password in ["", "x", "nobody"] { #expect(!PasswordHash.isPassword(Array(password.utf8), of: hash)) }
    }

    /// Counts what it is asked, and finds that a password is right if the hash ends in it.
    private final class Checker: Sendable {
        let asked = Mutex<[String]>([])
        let inside = Mutex<(now: Int, most: Int)>((0, 0))

        func desk() -> PasswordDesk {
            PasswordDesk { password, hash in
                self.asked.withLock { $0.append(hash) }
                self.inside.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                defer { self.inside.withLock { $0.now -= 1 } }
                return hash.hasSuffix("-" + String(decoding: password, as: UTF8.self))
            }
        }
    }

    private func credentials(_ name: String, _ password: String) -> BasicCredentials {
        BasicCredentials(name: name, password: Array(password.utf8))
    }

    @Test func whatWasFoundRightIsNotCheckedAgainUntilTheHashIsAnother() async {
        let checker = Checker()
        let desk = checker.desk()
        for _ in 1...3 {
            #expect(await desk.check(credentials("ana", "one"), against: ["ana": "$2b$10$-one"]) == .right)
        }
        #expect(checker.asked.withLock(\.self) == ["$2b$10$-one"])
        #expect(await desk.check(credentials("ana", "one"), against: ["ana": "$2b$10$-two"]) == .wrong)
        #expect(await desk.check(credentials("ben", "one"), against: ["ben": "$2b$11$-one"]) == .right)
        #expect(checker.asked.withLock(\.self) == ["$2b$10$-one", "$2b$10$-two", "$2b$11$-one"])
        #expect(await desk.check(credentials("ana", "one"), against: [:]) == .wrong, "a user who is gone")
    }

    @Test func whatIsWrongIsCheckedEachTimeAndANameThatIsNotThereTakesAsLong() async {
        let checker = Checker()
        let desk = checker.desk()
        let users = ["ana": "$2b$10$-one", "ben": "$2b$12$-two"]
        for _ in 1...2 { #expect(await desk.check(credentials("ana", "two"), against: users) == .wrong) }
        #expect(await desk.check(credentials("eve", "one"), against: users) == .wrong)
        let asked = checker.asked.withLock(\.self)
        #expect(asked == ["$2b$10$-one", "$2b$10$-one", PasswordHash.nobodys(like: users.values)])
        #expect(asked.last?.hasPrefix("$2b$12$") == true)
    }

    @Test func onePasswordIsCheckedAtATimeAndFurtherOnesAreTurnedAway() async {
        let checker = Checker()
        let gate = Mutex(false)
        let desk = PasswordDesk { password, hash in
            checker.inside.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            while !gate.withLock(\.self) {}
            checker.inside.withLock { $0.now -= 1 }
            return String(decoding: password, as: UTF8.self) == "right"
        }
        let verdicts = await withTaskGroup(of: PasswordDesk.Verdict.self) { group in
            for number in 1...20 {
                group.addTask { await desk.check(credentials("ana", "wrong \(number)"), against: ["ana": "$2b$10$"]) }
            }
            var verdicts: [PasswordDesk.Verdict] = []
            // Those that find no room are answered while the first is still being checked.
            while verdicts.count < 12, let verdict = await group.next() { verdicts.append(verdict) }
            #expect(verdicts == Array(repeating: .busy, count: 12))
            gate.withLock { $0 = true }
            for await verdict in group { verdicts.append(verdict) }
            return verdicts
        }
        #expect(verdicts.filter { $0 == .wrong }.count == 8)
        #expect(checker.inside.withLock(\.most) == 1)
        #expect(await desk.check(credentials("ana", "right"), against: ["ana": "$2b$10$"]) == .right)
    }

    @Test func aBrowserThatAsksForSeveralThingsAtOnceCostsOneCheck() async {
        let checker = Checker()
        let desk = checker.desk()
        await withTaskGroup(of: PasswordDesk.Verdict.self) { group in
            for _ in 1...30 {
                group.addTask { await desk.check(credentials("ana", "one"), against: ["ana": "$2b$10$-one"]) }
            }
            for await verdict in group { #expect(verdict == .right) }
        }
        #expect(checker.asked.withLock(\.count) == 1)
    }
}
