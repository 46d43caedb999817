internal import LockkeeperConfig
internal import LockkeeperTransfer

/// Tells a dead man's switch at its pace that the agent works, as long as it does.
///
/// The switch raises the alarm when the beats stop: when the process is gone, the machine is off, the network is cut. Nothing waits for a
/// beat, and it has a timeout of its own.
struct Heartbeat: Sendable {
    /// What became of one beat.
    enum Outcome: Sendable, Hashable {
        case delivered
        /// The agent does not do its work, for these reasons; `untold`: why the switch could not be told so.
        case withheld(reasons: [String], untold: String?)
        case failed(String)
    }

    let configuration: HeartbeatConfiguration
    let transfers: TransferClient
    let pulse: @Sendable () async -> AgentPulse
    let report: @Sendable (Outcome) async -> Void
    var timeout = Duration.seconds(10)
    /// A beat that was lost is made up for sooner than the next is due: switches are often set to little more than one interval.
    var retryPause = Duration.seconds(10)

    /// Beats until it is cancelled.
    func run() async {
        let clock = ContinuousClock()
        while !Task.isCancelled {
            let begin = clock.now
            let outcome: Outcome
            switch await pulse() {
            case .starting:
                try? await clock.sleep(for: .milliseconds(500))
                continue
            case .steady: outcome = await beat()
            case .impaired(let reasons): outcome = .withheld(reasons: reasons, untold: await tell(reasons))
            }
            // What shutdown cut off says nothing about the switch.
            if Task.isCancelled { return }
            await report(outcome)
            let pause =
                if case .failed = outcome { min(configuration.interval, retryPause) } else { configuration.interval }
            try? await clock.sleep(until: begin + pause)
        }
    }

    private func beat() async -> Outcome {
        await objection(to: "GET", configuration.endpoint).map { .failed($0) } ?? .delivered
    }

    private func tell(_ reasons: [String]) async -> String? {
        guard let endpoint = configuration.failEndpoint else { return nil }
        return await objection(to: "POST", endpoint, body: reasons.joined(separator: "\n") + "\n")
    }

    /// Makes one request; why it does not count comes back, without the URL, which is a secret.
    private func objection(to method: String, _ endpoint: HTTPEndpoint, body: String = "") async -> String? {
        let url: String
        do throws(SecretFailure) {
            url = try endpoint.read()
        } catch {
            return error.description
        }
        do throws(TransferError) {
            let answer = try await transfers.perform(
                HTTPRequest(
                    method: method, url: url,
                    headers: body.isEmpty ? [:] : ["Content-Type": "text/plain; charset=utf-8"],
                    body: Array(body.utf8), connectTimeout: timeout / 2, totalTimeout: timeout,
                    // What the configuration does not permit is not read.
                    allowsPlainHTTP: true, maximumResponseBytes: 1024))
            guard (200..<300).contains(answer.status) else { return "the answer was \(answer.status)" }
            // healthchecks.io answers 200 also when it takes no notice: "OK (not found)", "OK (rate limited)".
            if answer.text.hasPrefix("OK (not found") { return "the answer was that there is no such check" }
            if answer.text.hasPrefix("OK (rate limited") { return "the answer was that this was too often" }
            return nil
        } catch {
            return error.message
        }
    }
}
