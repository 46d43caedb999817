import Foundation
import LockkeeperCore
import LockkeeperWeb
import Synchronization
import Testing

struct BasicAuthTests {
    /// `correct horse` at cost 10, by Python's `crypt`.
    static let hash = "$2b$10$fG7umpNVhs4x.93r5OEXRea.HufJ.sr7D7gLoOA.d9ZgZ6nTU/w5m"

    private static func basic(_ credentials: String) -> [String: String] {
        ["Authorization": "Basic " + Data(credentials.utf8).base64EncodedString()]
    }

    private static func configuration(
        users: [String: String] = ["ana": hash], token: String? = "s3cret"
    ) -> WebServer.Configuration {
        .init(port: 0, token: { token }, users: { users })
    }

    private static let reads = [
        "/", "/metrics", "/api/v1/targets", "/api/v1/locks", "/api/v1/migrations", "/api/v1/query?query=1",
        "/api/v1/rules", "/nowhere",
    ]

    @Test func withoutUsersEverybodyReads() async throws {
        try await withServer(StubAgent(), Self.configuration(users: [:])) { address async throws in
            #expect(try await address.get("/metrics").status == 200)
            #expect(try await address.get("/metrics", Self.basic("who:ever")).status == 200)
        }
    }

    @Test func withUsersReadingTakesANameAndItsPasswordOrTheToken() async throws {
        try await withServer(StubAgent(), Self.configuration()) { address async throws in
            for path in Self.reads {
                let none = try await address.get(path)
                #expect(none.status == 401, "\(path)")
                #expect(none.headers["www-authenticate"] == "Basic realm=\"lockkeeper\", charset=\"UTF-8\"")
                let expected = path == "/nowhere" ? 404 : 200
                #expect(try await address.get(path, Self.basic("ana:correct horse")).status == expected, "\(path)")
                #expect(
                    try await address.get(path, ["Authorization": "Bearer s3cret"]).status == expected, "\(path)")
            }
            let form = try await address.request(
                "POST", "/api/v1/query",
                Self.basic("ana:correct horse").merging(["Content-Type": "application/x-www-form-urlencoded"]) { $1 },
                body: "query=1")
            #expect(form.status == 200, "a query changes nothing, by whichever method it comes")
        }
    }

    @Test(arguments: [
        "ana:correct", "ana:", "ana", "", "eve:correct horse", ":correct horse", "ana:correct horse\0",
        "ana:correct horse\n", "Ana:correct horse", "ana:correct:horse",
    ])
    func aWrongNameOrPasswordReadsNothing(credentials: String) async throws {
        try await withServer(StubAgent(), Self.configuration()) { address async throws in
            let answer = try await address.get("/metrics", Self.basic(credentials))
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"]?.hasPrefix("Basic ") == true)
            #expect(!answer.text.contains("lockkeeper_"))
        }
    }

    @Test(arguments: ["Basic", "Basic ", "Basic !!!", "Digest YW5hOmNvcnJlY3QgaG9yc2U=", "ana:correct horse", "Bearer"])
    func aHeaderThatIsNoneReadsNothing(header: String) async throws {
        try await withServer(StubAgent(), Self.configuration()) { address async throws in
            #expect(try await address.get("/metrics", ["Authorization": header]).status == 401)
        }
    }

    @Test func aWrongTokenReadsNothingNorDoesOneThatIsNotConfigured() async throws {
        for token in ["s3cret", nil] {
            try await withServer(StubAgent(), Self.configuration(token: token)) { address async throws in
                let answer = try await address.get("/metrics", ["Authorization": "Bearer wrong"])
                #expect(answer.status == 401)
                #expect(answer.headers["www-authenticate"] == "Bearer realm=\"lockkeeper\", error=\"invalid_token\"")
                #expect(try await address.get("/metrics", ["Authorization": "Bearer "]).status == 401)
            }
        }
    }

    @Test func aPasswordIsNotEnoughForActions() async throws {
        let agent = StubAgent()
        try await withServer(agent, Self.configuration()) { address async throws in
            let json = ["Content-Type": "application/json"]
            let basic = try await address.request(
                "POST", "/-/reload", Self.basic("ana:correct horse").merging(json) { $1 })
            #expect(basic.status == 401)
            #expect(basic.headers["www-authenticate"] == "Bearer realm=\"lockkeeper\"")
            #expect(await agent.reloads == 0)
            let bearer = try await address.request(
                "POST", "/-/reload", json.merging(["Authorization": "Bearer s3cret"]) { $1 })
            #expect(bearer.status == 200)
        }
        #expect(await agent.reloads == 1)
    }

    @Test func healthIsToldToEverybodyAndItsReasonsToThoseWhoMayRead() async throws {
        let agent = StubAgent()
        try await withServer(agent, Self.configuration()) { address async throws in
            for path in ["/-/healthy", "/-/ready"] { #expect(try await address.get(path).status == 200) }
            await agent.change {
                $0.condition = .impaired(reasons: ["the sampler stands still"])
                $0.readinessCondition = .impaired(reasons: ["app-production has not been looked at yet"])
            }
            for (path, reason) in [("/-/healthy", "the sampler"), ("/-/ready", "app-production")] {
                let stranger = try await address.get(path)
                #expect(stranger.status == 503)
                #expect(!stranger.text.contains(reason))
                let known = try await address.get(path, Self.basic("ana:correct horse"))
                #expect(known.status == 503)
                #expect(known.text.contains(reason))
            }
        }
    }

    @Test func usersCountAsTheyAreAtEachRequest() async throws {
        let holder = Holder(["ana": Self.hash])
        let configuration = WebServer.Configuration(port: 0, users: { holder.users })
        try await withServer(StubAgent(), configuration) { address async throws in
            #expect(try await address.get("/metrics", Self.basic("ana:correct horse")).status == 200)
            holder.users = ["ben": Self.hash]
            #expect(try await address.get("/metrics", Self.basic("ana:correct horse")).status == 401)
            #expect(try await address.get("/metrics", Self.basic("ben:correct horse")).status == 200)
        }
    }

    /// Users that a test changes.
    private final class Holder: Sendable {
        private let value: Mutex<[String: String]>

        init(_ users: [String: String]) { value = Mutex(users) }

        var users: [String: String] {
            get { value.withLock(\.self) }
            set { value.withLock { $0 = newValue } }
        }
    }
}
