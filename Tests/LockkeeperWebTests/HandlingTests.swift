import LockkeeperCore
import LockkeeperWeb
import PromQL
import Testing

/// Acknowledgements and silences over HTTP.
@Suite struct HandlingTests {
    private static let headers = ["Authorization": "Bearer s3cret", "Content-Type": "application/json"]
    private static let now = Timestamp(seconds: 1_764_000_000)

    private static func incident(_ id: String, isOpen: Bool = true) -> Incident {
        var incident = Incident(
            id: id, subject: .alerts(name: "TargetDown", target: "app"), severity: .critical, openedAt: now,
            facts: IncidentFacts(target: "app", summary: "It is down."))
        if !isOpen { (incident.status, incident.closedAt) = (.closed, now) }
        return incident
    }

    @Test func `An open incident is acknowledged with who and why, by who has the token`() async throws {
        let agent = StubAgent()
        await agent.change { $0.book = [Self.incident("alert-1"), Self.incident("alert-2", isOpen: false)] }
        try await withServer(agent, token: { "s3cret" }) { address in
            let path = "/api/v1/incidents/alert-1/acknowledge"
            let body = #"{"author": "anna", "comment": "I look"}"#
            #expect(
                try await address.request("POST", path, ["Content-Type": "application/json"], body: body).status == 401)
            let answer = try await address.request("POST", path, Self.headers, body: body)
            #expect(answer.status == 200)
            #expect(
                answer.text.contains(
                    #""acknowledgement":{"at":"2025-11-24T16:00:00.000Z","author":"anna","comment":"I look","is_in_force":true}"#
                ))
            #expect(await agent.acknowledgements == [["alert-1", "anna", "I look"]])

            let over = try await address.request(
                "POST", "/api/v1/incidents/alert-2/acknowledge", Self.headers, body: body)
            #expect((over.status, over.text.contains("is over since 2025-11-24T16:00:00.000Z")) == (409, true))
            let unknown = try await address.request("POST", "/api/v1/incidents/x/acknowledge", Self.headers, body: body)
            #expect(unknown.status == 404)
            #expect(try await address.request("GET", path, Self.headers).status == 405)
        }
    }

    @Test func `Planned maintenance is shown as such, and needs nobody to look after it`() async throws {
        var incident = Incident(
            id: "maintenance-1", subject: .maintenance(name: "move"), severity: .info, openedAt: Self.now,
            begin: Self.now + .seconds(3600), facts: IncidentFacts(target: "app", summary: "new hardware"))
        incident.maintenance = MaintenanceWindow(
            begin: incident.begin, end: incident.begin + .seconds(1800), comment: "new hardware")
        let agent = StubAgent()
        await agent.change { [incident] in $0.book = [incident] }
        try await withServer(agent, token: { "s3cret" }) { address in
            let shown = try await address.get("/api/v1/incidents/maintenance-1").text
            #expect(shown.contains(#""kind":"maintenance""#) && shown.contains(#""subject":"move""#))
            #expect(
                shown.contains(
                    #""maintenance":{"comment":"new hardware","ends_at":"2025-11-24T17:30:00.000Z","starts_at":"2025-11-24T17:00:00.000Z"}"#
                ), "\(shown)")
            let answer = try await address.request(
                "POST", "/api/v1/incidents/maintenance-1/acknowledge", Self.headers, body: #"{"author": "anna"}"#)
            #expect((answer.status, answer.text.contains("is planned maintenance")) == (409, true))
        }
    }

    @Test(arguments: [
        (#"{"comment": "x"}"#, "`author` is missing"), (#"{"author": "  "}"#, "`author` is empty"),
        (#"{"author": "a", "by": "b"}"#, "there is no field `by`"), (#"{"author": ["a"]}"#, "not a list"),
        (#"{"author": "a\nb"}"#, "one line"), ("", "JSON object"), ("[]", "JSON object"),
        (#"{"author": 1}"#, "JSON object"),
    ])
    func `A wish that is not one is refused with what is wrong`(body: String, words: String) async throws {
        let agent = StubAgent()
        await agent.change { $0.book = [Self.incident("alert-1")] }
        try await withServer(agent, token: { "s3cret" }) { address in
            let answer = try await address.request(
                "POST", "/api/v1/incidents/alert-1/acknowledge", Self.headers, body: body)
            #expect(answer.status == 400)
            #expect(answer.text.contains(words), "\(answer.text)")
        }
        #expect(await agent.acknowledgements.isEmpty)
    }

    @Test func `What could not be stored is said so`() async throws {
        let agent = StubAgent()
        await agent.change {
            $0.book = [Self.incident("alert-1")]
            $0.storeProblem = "the disk is full"
        }
        try await withServer(agent, token: { "s3cret" }) { address in
            let answer = try await address.request(
                "POST", "/api/v1/incidents/alert-1/acknowledge", Self.headers, body: #"{"author": "anna"}"#)
            #expect(answer.status == 503)
            #expect(answer.text.contains("the disk is full"))
        }
    }

    @Test func `A silence is set, listed and expired`() async throws {
        let agent = StubAgent()
        try await withServer(agent, token: { "s3cret" }) { address in
            let body = #"""
                {"matchers": ["target=app", "alertname=~\"Migration.*\""], "ends_at": "2025-11-24T18:00:00Z", "author": "anna",
                 "comment": "a copy is restored"}
                """#
            let first = try await address.request("POST", "/api/v1/silences", Self.headers, body: body)
            #expect(first.status == 201)
            #expect(first.text.contains(#""matchers":["target=\"app\"","alertname=~\"Migration.*\""]"#))
            #expect(first.text.contains(#""starts_at":"2025-11-24T16:00:00.000Z","state":"active""#))
            #expect(
                first.text.contains(#""matched_alerts":2,"matched_incidents":1,"#)
                    && first.text.contains(#""warnings":["nothing fits"]"#))
            let id = try #require(await agent.quiet.first?.silence.id)
            let again = try await address.request("POST", "/api/v1/silences", Self.headers, body: body)
            #expect(again.text.contains(id), "the same wish is the same silence")

            let list = try await address.request("GET", "/api/v1/silences")
            #expect(list.status == 200)
            #expect(list.text.contains(id) && !list.text.contains("warnings"))
            #expect(try await address.request("DELETE", "/api/v1/silences/\(id)", [:]).status == 401)
            let end = try await address.request("DELETE", "/api/v1/silences/\(id)", Self.headers)
            #expect((end.status, end.text.contains(#""state":"expired""#)) == (200, true))
            #expect(try await address.request("DELETE", "/api/v1/silences/other", Self.headers).status == 404)
        }
    }

    @Test func `A window of the configuration cannot be expired over HTTP`() async throws {
        let agent = StubAgent()
        let window = Silence(
            id: "maintenance-move", matchers: [LabelMatcher("target", is: "app")], begin: Self.now,
            end: Self.now + .seconds(60), author: "the configuration")
        await agent.change { $0.quiet = [SilenceStatus(window, isConfigured: true, at: Self.now)] }
        try await withServer(agent, token: { "s3cret" }) { address in
            let answer = try await address.request("DELETE", "/api/v1/silences/maintenance-move", Self.headers)
            #expect(answer.status == 409)
            #expect(answer.text.contains("change it there"))
        }
    }

    @Test(arguments: [
        (#""matchers": []"#, "1 to 20"), (#""matchers": ["target"]"#, "no matcher"),
        (#""matchers": ["target=~\".*\""]"#, "fit everything"), (#""matchers": ["a=~("]"#, "no regular expression"),
        (#""matchers": ["a=b"], "ends_at": "tomorrow""#, "is to be a time"),
        (#""matchers": ["a=b"], "ends_at": "2025-11-24T15:59:59Z""#, "is not after now"),
        (
            #""matchers": ["a=b"], "starts_at": "2025-11-25T00:00:00Z", "ends_at": "2025-11-24T18:00:00Z""#,
            "is not after `starts_at`"
        ),
        (#""matchers": ["a=b"], "ends_at": "2027-11-24T18:00:00Z""#, "a year at most"),
        (#""matchers": ["a=b"]"#, "`ends_at` is missing"),
        (#""matchers": ["a=b"], "ends_at": "2025-11-24T18:00:00Z", "comment": """#, "`comment` is empty"),
    ])
    func `A silence that makes no sense is refused with what is wrong`(fields: String, words: String) async throws {
        let agent = StubAgent()
        try await withServer(agent, token: { "s3cret" }) { address in
            let comment = fields.contains("comment") ? "" : #", "comment": "why""#
            let answer = try await address.request(
                "POST", "/api/v1/silences", Self.headers, body: #"{"author": "anna", \#(fields)\#(comment)}"#)
            #expect(answer.status == 400)
            #expect(answer.text.contains(words), "\(answer.text)")
        }
        #expect(await agent.quiet.isEmpty)
    }
}
