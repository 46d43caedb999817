import Glibc
import LockkeeperCertificates

/// Reads `web:`.
struct WebReader {
    let listen: ListenAddress

    func read(_ field: ConfigurationField) -> WebConfiguration {
        var web = WebConfiguration()
        guard let section = field.section(.web) else { return web }
        web.token = section.secret("token", check: Self.objection(toToken:))
        if let field = section["basic_auth_users"] {
            web.users = users(field)
            if section["tls"] == nil, !listen.isLoopback {
                field.report(
                    "passwords cross the network in clear: `listen` is not this machine alone, and there is no `tls`",
                    hint: "Add `web.tls`, or let a proxy that ends TLS be the only one that reaches the agent",
                    gravity: .warning)
            }
        }
        web.tls = section["tls"].flatMap(tls)
        return web
    }

    /// RFC 6750, section 2.1: what may follow `Bearer`.
    private static func objection(toToken text: String) -> (message: String, hint: String)? {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return ("the token contains spaces or letters beyond ASCII", "Make one with `openssl rand -hex 32`")
        }
        guard text.utf8.count >= 16 else {
            return ("the token has fewer than 16 characters", "Make one with `openssl rand -hex 32`")
        }
        return nil
    }

    private func users(_ field: ConfigurationField) -> [String: BcryptHash] {
        guard let entries = field.textByName() else { return [:] }
        // Who writes the field wants a lock: none at all must not come of it.
        if field.isEmptyMapping {
            field.report("names nobody", hint: "Name at least one user, or take the field out")
        }
        var users: [String: BcryptHash] = [:]
        for (name, text, field) in entries {
            // RFC 7617, section 2: the first colon ends the name.
            guard !name.isEmpty, !name.contains(":"),
                name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
            else {
                field.report(
                    "the user's name is empty, or has a colon or a control character in it",
                    hint: "A browser could not send it: give another one")
                continue
            }
            do throws(BcryptHash.Objection) {
                users[name] = try BcryptHash(text.value)
                if !text.usesEnvironment { field.context.holdsSecret = true }
            } catch {
                field.report(error.message, hint: error.hint, value: ConfigurationProblem.hiddenValue)
            }
        }
        return users
    }

    private func tls(_ field: ConfigurationField) -> TLSFiles? {
        guard let section = field.section(.webTLS) else { return nil }
        let certificate = section.required(
            "cert_file", hint: "It names a file with the certificate and those that lead to its authority, in PEM form")
        let key = section.required("key_file", hint: "It names a file with the certificate's private key, in PEM form")
        guard let certificatePath = certificate?.text()?.value, let keyPath = key?.text()?.value else { return nil }
        let files = TLSFiles(
            certificateFile: TextFile.resolve(certificatePath, in: field.context.folder),
            keyFile: TextFile.resolve(keyPath, in: field.context.folder))
        do throws(TLSFileFailure) {
            // It is used all the same: whoever does not mind gets an answer, and without one nobody does.
            if try files.read().expiresAt <= time(nil) {
                certificate?.report(
                    "the certificate in \(files.certificateFile) is no longer valid",
                    hint: "Renew it: the agent takes the new one without a reload", gravity: .warning)
            }
        } catch {
            let written = error.part == .certificate ? certificatePath : keyPath
            section[error.field]?.report(
                error.description,
                hint: error.hint ?? ConfigurationSection.hint(for: written, resolved: error.path))
            return nil
        }
        if TextFile.isReadableByEveryone(files.keyFile) {
            key?.report(
                "the private key \(files.keyFile) can be read by every user of this machine",
                hint: "chmod o-r \(files.keyFile)", gravity: .warning)
        }
        return files
    }
}
