import LockkeeperCore
import LockkeeperWeb
import Testing

struct ActionTests {
    private static let json = ["Content-Type": "application/json"]

    private static func with(_ authorization: String) -> [String: String] {
        json.merging(["Authorization": authorization]) { $1 }
    }

    @Test func withoutAConfiguredTokenNothingIsPermittedAndItSaysHowToChangeThat() async throws {
        for none in [nil, ""] as [String?] {
            let agent = StubAgent()
            try await withServer(agent, token: { none }) { address in
                let answer = try await address.request("POST", "/-/reload", Self.with("Bearer x"))
                #expect(answer.status == 403)
                #expect(answer.text.contains("web.token_file"))
                #expect(answer.text.contains("SIGHUP"))
            }
            #expect(await agent.reloads == 0)
        }
    }

    @Test func theRightTokenReloads() async throws {
        let agent = StubAgent()
        try await withServer(agent, token: { "s3cret" }) { address in
            for header in ["Bearer s3cret", "bearer  s3cret"] {
                let answer = try await address.request("POST", "/-/reload", Self.with(header), body: "{}")
                #expect(answer.status == 200)
                #expect(answer.text == "{\"status\":\"reloaded\"}\n")
            }
        }
        #expect(await agent.reloads == 2)
    }

    @Test(arguments: ["Bearer wrong!", "Bearer s3cre", "Bearer s3crets", "Bearer s3crets3cret", "Bearer S3CRET"])
    func aWrongTokenIsRefused(header: String) async throws {
        let agent = StubAgent()
        try await withServer(agent, token: { "s3cret" }) { address in
            let answer = try await address.request("POST", "/-/reload", Self.with(header))
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"] == "Bearer realm=\"lockkeeper\", error=\"invalid_token\"")
        }
        #expect(await agent.reloads == 0)
    }

    @Test(arguments: [nil, "", "s3cret", "Basic czNjcmV0", "Bearer", "Bearer "] as [String?])
    func aMissingTokenIsAskedFor(header: String?) async throws {
        let agent = StubAgent()
        try await withServer(agent, token: { "s3cret" }) { address in
            let answer = try await address.request("POST", "/-/reload", header.map(Self.with) ?? Self.json)
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"] == "Bearer realm=\"lockkeeper\"")
        }
        #expect(await agent.reloads == 0)
    }

    @Test func whatAFormOfAnotherSiteCanSendIsRefused() async throws {
        let agent = StubAgent()
        try await withServer(agent, token: { "s3cret" }) { address in
            for type in ["text/plain", "application/x-www-form-urlencoded", ""] {
                let answer = try await address.request(
                    "POST", "/-/reload", ["Authorization": "Bearer s3cret", "Content-Type": type])
                #expect(answer.status == 415)
            }
            let withCharset = try await address.request(
                "POST", "/-/reload",
                ["Authorization": "Bearer s3cret", "Content-Type": "Application/JSON; charset=utf-8"])
            #expect(withCharset.status == 200)
        }
        #expect(await agent.reloads == 1)
    }

    @Test func aRefusedConfigurationIsAnsweredWithAllItsErrors() async throws {
        let agent = StubAgent()
        await agent.change { $0.outcome = .refused(errors: ["targets[0].dsn: empty", "rules: no such file"]) }
        try await withServer(agent, token: { "s3cret" }) { address in
            let answer = try await address.request("POST", "/-/reload", Self.with("Bearer s3cret"))
            #expect(answer.status == 422)
            #expect(
                answer.text
                    == "{\"details\":[\"targets[0].dsn: empty\",\"rules: no such file\"],\"error\":\"the configuration is refused, and the one before stays in force\"}\n"
            )
        }
    }

    @Test func aTokenThatCannotBeReadPermitsNothing() async throws {
        struct Unreadable: Error, CustomStringConvertible {
            var description: String { "/etc/token: no such file" }
        }
        let agent = StubAgent()
        try await withServer(agent, token: { throw Unreadable() }) { address in
            let answer = try await address.request("POST", "/-/reload", Self.with("Bearer x"))
            #expect(answer.status == 500)
            #expect(answer.text.contains("/etc/token: no such file"))
        }
        #expect(await agent.reloads == 0)
    }

    @Test func aBodyBeyondTheLimitIsRefused() async throws {
        let agent = StubAgent()
        try await withServer(agent, token: { "s3cret" }) { address in
            let large = String(repeating: "x", count: 65_537)
            let told = try await address.request("POST", "/-/reload", Self.with("Bearer s3cret"), body: large)
            #expect(told.status == 413)
            // The same without saying its length beforehand.
            let chunked =
                "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer s3cret\r\n"
                + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n\(large)\r\n0\r\n\r\n"
            let untold = try HTTPAnswer(await address.exchange(chunked))
            #expect(untold.status == 413)
        }
        #expect(await agent.reloads == 0)
    }

    @Test func readingIsNotReloading() async throws {
        let agent = StubAgent()
        try await withServer(agent, token: { "s3cret" }) { address in
            let answer = try await address.request("GET", "/-/reload", Self.with("Bearer s3cret"))
            #expect(answer.status == 405)
            #expect(answer.headers["allow"] == "POST")
        }
        #expect(await agent.reloads == 0)
    }
}
