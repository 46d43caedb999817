internal import Dispatch
internal import LockkeeperCertificates
internal import LockkeeperConfig
internal import LockkeeperWeb
internal import Logging

/// Brings a renewed certificate into use, some seconds after its files have changed: certbot and its like then need to tell nobody.
struct CertificateRenewal: Sendable {
    let certificate: CurrentCertificate
    /// The stamp of the files that the certificate came from.
    let stamp: TLSFiles.Stamp
    let logger: Logger
    /// The files of the configuration in force; `nil` if it names none any more.
    let files: @Sendable () async -> TLSFiles?
    var interval = Duration.seconds(10)

    /// Looks at the files until it is cancelled.
    func run() async throws {
        var inUse = stamp
        var complainedOf: TLSFiles.Stamp?
        while true {
            try await Task.sleep(for: interval)
            guard let files = await files() else { continue }
            let (stamp, found) = await Self.look(at: files, unless: inUse)
            switch found {
            case nil: continue
            case .success(let renewed):
                certificate.replace(by: renewed)
                inUse = stamp
                logger.info("the certificate of `web.tls` has changed; new connections get the new one")
            case .failure(let failure):
                // Between the writing of the one file and of the other this is so for an instant, and is tried again.
                guard complainedOf != stamp else { continue }
                complainedOf = stamp
                logger.error("the new certificate of `web.tls` is not used, the old one stays: \(failure)")
            }
        }
    }

    /// On a thread that may wait for the disk.
    private static func look(
        at files: TLSFiles, unless known: TLSFiles.Stamp
    ) async -> (TLSFiles.Stamp, Result<ServerCertificate, TLSFileFailure>?) {
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                // Before the reading: what is written meanwhile is seen the next time.
                let stamp = files.stamp
                guard stamp != known else { return continuation.resume(returning: (stamp, nil)) }
                let found = Result<ServerCertificate, TLSFileFailure> { () throws(TLSFileFailure) in try files.read() }
                continuation.resume(returning: (stamp, found))
            }
        }
    }
}
