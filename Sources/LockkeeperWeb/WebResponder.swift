import FoundationEssentials
import HTTPTypes
import Hummingbird
import LockkeeperCore
import Logging
import NIOCore

/// From a request to its answer.
struct WebResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let view: any AgentView
    let doorkeeper: Doorkeeper

    /// No request needs a body larger than this.
    private static let maximumBody = 65_536
    /// Below this, compressing costs more than it saves.
    private static let minimumToCompress = 512

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        var response: Response
        do {
            response = try await answer(request)
        } catch let refusal as Refusal {
            response = refusal.response
        } catch {
            context.logger.error("cannot answer \(request.uri.path): \(error)")
            response = Refusal(.internalServerError, "the agent could not answer: \(error)").response
        }
        Self.secure(&response)
        // The answer to HEAD has the headers of the answer to GET, its length too, and nothing else.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request) async throws -> Response {
        let wanted = Endpoint(path: request.uri.path)
        // What does not exist is nobody's business either.
        if wanted?.isForReaders ?? true { try await doorkeeper.admitReading(request.headers[.authorization]) }
        guard let endpoint = wanted else {
            throw Refusal(.notFound, "there is nothing at \(request.uri.path.prefix(200))")
        }
        guard endpoint.methods.contains(request.method) else {
            let allowed = endpoint.methods.map(\.rawValue).joined(separator: ", ")
            throw Refusal(
                .methodNotAllowed, "\(request.uri.path) answers \(allowed), not \(request.method.rawValue)",
                headers: [.allow: allowed])
        }
        if let length = request.headers[.contentLength].flatMap(Int.init), length > Self.maximumBody {
            throw Refusal.bodyTooLarge(limit: Self.maximumBody)
        }
        let parameters = try RequestParameters(request, allowed: endpoint.parameters)

        switch endpoint {
        case .page:
            return page()
        case .metrics:
            return await metrics(request)
        case .healthy:
            return await plain(await view.health(), fine: "healthy", request)
        case .ready:
            return await plain(await view.readiness(), fine: "ready", request)
        case .reload:
            return try await reload(request)
        case .targets:
            return try json(TargetsAnswer(targets: await view.targets().map(TargetAnswer.init)), request)
        case .locks:
            let locks = await view.locks(target: parameters["target"])
            if let target = parameters["target"], locks.isEmpty {
                throw Refusal(.notFound, "there is no target \(target); /api/v1/targets lists those there are")
            }
            return try json(LocksAnswer(targets: locks.map(TargetLocksAnswer.init)), request)
        case .findings:
            let findings = await view.findings(target: parameters["target"])
            if let target = parameters["target"], findings.isEmpty {
                throw Refusal(.notFound, "there is no target \(target); /api/v1/targets lists those there are")
            }
            return try json(FindingsAnswer(targets: findings.map(TargetFindingsAnswer.init)), request)
        case .migrations:
            let query = MigrationQuery(
                limit: try parameters.limit(), target: parameters["target"],
                isRunning: try parameters.choice("state", ["running": true, "finished": false]))
            let runs = try await view.migrations(query)
            return try json(MigrationsAnswer(migrations: runs.map { MigrationAnswer($0) }), request)
        case .migration(let run):
            guard let snapshot = try await view.migration(run: run) else {
                throw Refusal(.notFound, "there is no migration run \(run); /api/v1/migrations lists those there are")
            }
            return try json(MigrationAnswer(snapshot, isDetailed: true), request)
        case .incidents:
            let query = IncidentQuery(
                limit: try parameters.limit(), target: parameters["target"],
                status: try parameters.choice("status", ["open": Incident.Status.open, "closed": .closed]))
            let incidents = try await view.incidents(query)
            return try json(IncidentsAnswer(incidents: incidents.map { IncidentAnswer($0) }), request)
        case .incident(let id):
            guard let incident = try await view.incident(id: id) else {
                throw Refusal(.notFound, "there is no incident \(id); /api/v1/incidents lists those there are")
            }
            let deliveries = try await view.deliveries(
                DeliveryQuery(limit: RequestParameters.maximumLimit, incidentID: id))
            return try json(IncidentAnswer(incident, deliveries: deliveries), request)
        case .acknowledgement(let id):
            return try await acknowledge(id, request)
        case .silences:
            if request.method == .post { return try await addSilence(request) }
            return try json(
                SilencesAnswer(silences: await view.silences().map { SilenceAnswer($0) }), request)
        case .silence(let id):
            return try await expireSilence(id, request)
        case .deliveries:
            let query = DeliveryQuery(
                limit: try parameters.limit(), receiver: parameters["receiver"],
                status: try parameters.choice(
                    "status",
                    Dictionary(uniqueKeysWithValues: Delivery.Status.allCases.map { ($0.rawValue, $0) })),
                incidentID: parameters["incident"])
            let deliveries = try await view.deliveries(query)
            return try json(DeliveriesAnswer(deliveries: deliveries.map(DeliveryAnswer.init)), request)
        case .prometheus(let endpoint):
            return try await prometheus(endpoint, request)
        }
    }

    // MARK: Metrics, health, page

    private func metrics(_ request: Request) async -> Response {
        let format = ContentNegotiation.format(accept: request.headers.joined(.accept))
        let body = format.render(await view.metrics())
        return compressed(body, request, [.contentType: format.contentType, .vary: "Accept, Accept-Encoding"])
    }

    /// Whether all is well is told to everybody who asks; why not, with its names and paths, to those who may read.
    private func plain(_ condition: AgentCondition, fine: String, _ request: Request) async -> Response {
        let (status, text): (HTTPResponse.Status, String)
        switch condition {
        case .fine: (status, text) = (.ok, fine)
        case .impaired(let reasons):
            let isTold = await doorkeeper.mayRead(request.headers[.authorization])
            let why = isTold ? reasons.joined(separator: "\n") : "the reasons are told to those who say who they are"
            (status, text) = (.serviceUnavailable, "not \(fine): \(why)")
        }
        return Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
    }

    private func page() -> Response {
        let nonce = Page.nonce()
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: Page.contentSecurityPolicy(nonce),
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: Page.html(nonce: nonce))))
    }

    // MARK: Prometheus's API

    private func prometheus(_ endpoint: PrometheusEndpoint, _ request: Request) async throws -> Response {
        var form = ""
        if request.method == .post {
            let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased() ?? ""
            guard type.filter({ $0 != " " }) == "application/x-www-form-urlencoded" else {
                throw Refusal(
                    .unsupportedMediaType,
                    "parameters come in the query or as a form: `Content-Type: application/x-www-form-urlencoded`")
            }
            do {
                form = String(buffer: try await request.body.collect(upTo: Self.maximumBody))
            } catch is NIOTooManyBytesError {
                throw Refusal.bodyTooLarge(limit: Self.maximumBody)
            }
        }
        let questions = PrometheusQuestions(view: view, parameters: FormParameters(form, request.uri.query ?? ""))
        let headers: HTTPFields = [.contentType: "application/json", .vary: "Accept-Encoding"]
        do {
            return compressed(try await questions.answer(endpoint) + [UInt8(ascii: "\n")], request, headers)
        } catch let failure as PrometheusFailure {
            let body = Array(try JSONEncoder.prometheus.encode(failure)) + [UInt8(ascii: "\n")]
            return Response(
                status: failure.code, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        }
    }

    // MARK: Actions

    /// The body of a request that may change something.
    private func action(_ request: Request) async throws -> [UInt8] {
        try await doorkeeper.admitAction(request.headers[.authorization])
        // A form on another site can send neither this type nor the token.
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
        guard type?.filter({ $0 != " " }) == "application/json" else {
            throw Refusal(.unsupportedMediaType, "actions need the header `Content-Type: application/json`")
        }
        do {
            return Array(buffer: try await request.body.collect(upTo: Self.maximumBody))
        } catch is NIOTooManyBytesError {
            throw Refusal.bodyTooLarge(limit: Self.maximumBody)
        }
    }

    private func reload(_ request: Request) async throws -> Response {
        _ = try await action(request)
        switch await view.reload() {
        case .reloaded:
            return try json(["status": "reloaded"], request)
        case .refused(let errors):
            throw Refusal(
                .unprocessableContent, "the configuration is refused, and the one before stays in force",
                details: errors)
        }
    }

    private func acknowledge(_ id: String, _ request: Request) async throws -> Response {
        let wish = try AcknowledgementWish(json: try await action(request))
        switch await view.acknowledge(incident: id, author: wish.author, comment: wish.comment) {
        case .done(let incident): return try json(IncidentAnswer(incident), request)
        case .notThere:
            guard let incident = try await view.incident(id: id) else {
                throw Refusal(.notFound, "there is no incident \(id); /api/v1/incidents lists those there are")
            }
            if incident.isMaintenance, incident.status == .open {
                throw Refusal(.conflict, "incident \(incident.id) is planned maintenance: nothing is wrong")
            }
            throw Refusal(
                .conflict, "incident \(incident.id) is over since \(incident.closedAt?.rfc3339 ?? "a while")")
        case .notStored(let reason): throw Self.notStored(reason)
        }
    }

    private func addSilence(_ request: Request) async throws -> Response {
        let silence = try SilenceWish(json: try await action(request)).silence(at: await view.now())
        switch await view.add(silence) {
        case .done(let set):
            var response = try json(SilenceAnswer(set, at: await view.now()), request)
            response.status = .created
            return response
        case .notThere:
            throw Refusal(
                .unprocessableContent, "there are \(Silence.maximumCount) silences already: expire some of them")
        case .notStored(let reason): throw Self.notStored(reason)
        }
    }

    private func expireSilence(_ id: String, _ request: Request) async throws -> Response {
        _ = try await action(request)
        switch await view.expire(silence: id) {
        case .done(let silence): return try json(SilenceAnswer(SilenceStatus(silence, at: await view.now())), request)
        case .notThere:
            if await view.silences().contains(where: { $0.silence.id == id && $0.isConfigured }) {
                throw Refusal(
                    .conflict, "\(id) is a maintenance window of the configuration: change it there and reload")
            }
            throw Refusal(.notFound, "there is no silence \(id); /api/v1/silences lists those there are")
        case .notStored(let reason): throw Self.notStored(reason)
        }
    }

    private static func notStored(_ reason: String) -> Refusal {
        Refusal(
            .serviceUnavailable,
            "it holds as long as the agent runs, but could not be stored yet, which goes on being tried: \(reason)")
    }

    // MARK: Bodies

    private func json(_ answer: some Encodable, _ request: Request) throws -> Response {
        compressed(
            Array(try JSONEncoder.answers.encode(answer)) + [UInt8(ascii: "\n")], request,
            [.contentType: "application/json", .vary: "Accept-Encoding"])
    }

    private func compressed(_ body: [UInt8], _ request: Request, _ headers: HTTPFields) -> Response {
        var headers = headers
        var body = body
        if body.count >= Self.minimumToCompress,
            ContentNegotiation.acceptsGzip(acceptEncoding: request.headers.joined(.acceptEncoding)),
            let smaller = Gzip.compress(body)
        {
            body = smaller
            headers[.contentEncoding] = "gzip"
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    private static func secure(_ response: inout Response) {
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.cacheControl] = "no-store"
        response.headers[.referrerPolicy] = "no-referrer"
        response.headers[.xFrameOptions] = "DENY"
        response.headers[.crossOriginResourcePolicy] = "same-origin"
        if !response.headers.contains(.contentSecurityPolicy) {
            response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
    }
}

extension JSONEncoder {
    /// Keys in one order, so that the same state is the same bytes.
    static var answers: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

extension HTTPFields {
    /// All lines of a header that is a list, as one; `nil` without any.
    fileprivate func joined(_ name: HTTPField.Name) -> String? {
        let lines = self[values: name]
        return lines.isEmpty ? nil : lines.joined(separator: ",")
    }
}

extension HTTPField.Name {
    private static func named(_ name: StaticString) -> HTTPField.Name {
        // The names below are tokens by RFC 9110, so the fallback is never taken.
        HTTPField.Name("\(name)") ?? .server
    }

    fileprivate static let referrerPolicy = named("Referrer-Policy")
    fileprivate static let xFrameOptions = named("X-Frame-Options")
    fileprivate static let crossOriginResourcePolicy = named("Cross-Origin-Resource-Policy")
}
