#include "transport/tls_explain.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <memory>

#include "transport/endpoint.hpp"

namespace peelbox::transport {
namespace {

failure tls_failure(const tls_peer& peer, std::string_view text) {
  return failure(errc::tls, fmt::format("{}: {}", peer.name, text), origin::peer);
}

std::string date_of(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (!out || ASN1_TIME_print(out.get(), time) != 1) return "unknown";
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string text_of(const ASN1_STRING* string) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                     static_cast<std::size_t>(ASN1_STRING_length(string)));
}

std::string names_of(X509* certificate) {
  constexpr int most_names = 10;
  std::string names;
  const auto add = [&](const std::string& name) {
    if (!names.empty()) names += ", ";
    names += name;
  };
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> list(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  const int count = list ? sk_GENERAL_NAME_num(list.get()) : 0;
  for (int i = 0; i < count; ++i) {
    if (i == most_names) {
      add("…");
      break;
    }
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
    if (name->type == GEN_DNS) {
      add(text_of(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      const int size = ASN1_STRING_length(name->d.iPAddress);
      char text[INET6_ADDRSTRLEN] = "?";
      if (size == 4 || size == 16)
        inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof(text));
      add(text);
    }
  }
  return names;
}

}  // namespace

void note_certificate_error(X509_STORE_CTX* verification, certificate_report& report) {
  if (report.error != X509_V_OK) return;
  report.error = X509_STORE_CTX_get_error(verification);
  X509* const certificate = X509_STORE_CTX_get_current_cert(verification);
  if (certificate == nullptr) return;
  report.names = names_of(certificate);
  report.not_before = date_of(X509_get0_notBefore(certificate));
  report.not_after = date_of(X509_get0_notAfter(certificate));
}

failure explain_certificate(const tls_peer& peer) {
  const auto& report = peer.report;
  switch (report.error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
      if (peer.options.ca.empty())
        return failure(errc::tls,
                       fmt::format("the certificate of {} is not signed by an authority of this system: give the "
                                   "daemon's authority with --tlscacert FILE",
                                   peer.name),
                       origin::peer);
      return failure(errc::tls,
                     fmt::format("the certificate of {} is not signed by {}, nor by an intermediate authority that the "
                                 "daemon sends along",
                                 peer.name,
                                 peer.options.ca.is_data() ? "the authorities given as data"
                                                           : peer.options.ca.path() + " (--tlscacert)"),
                     origin::peer);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      if (report.names.empty())
        return failure(errc::tls,
                       fmt::format("the certificate of {} carries no name that counts: it has no subjectAltName, and the "
                                   "common name alone is not accepted. Give the daemon a certificate with it (openssl req "
                                   "… -addext subjectAltName={}:{})",
                                   peer.name, is_ip_address(peer.expected) ? "IP" : "DNS", peer.expected),
                       origin::peer);
      return failure(errc::tls,
                     fmt::format("the certificate of {} is for {}, not for {}: is it the right daemon? Else say the "
                                 "expected name with --tlsservername",
                                 peer.name, report.names, peer.expected),
                     origin::peer);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return failure(errc::tls,
                     fmt::format("the certificate of {} (or of its authority) expired on {}: renew it", peer.name,
                                 report.not_after),
                     origin::peer);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return failure(errc::tls,
                     fmt::format("the certificate of {} is valid from {} on only: are the clocks right?", peer.name,
                                 report.not_before),
                     origin::peer);
    default:
      return failure(errc::tls,
                     fmt::format("the certificate of {} is refused: {}", peer.name,
                                 X509_verify_cert_error_string(report.error)),
                     origin::peer);
  }
}

failure explain_tls_error(const tls_peer& peer, unsigned long error) {
  const tls_material& shown = peer.options.certificate;
  const std::string certificate = shown.is_data() ? "(given as data)" : shown.path();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_BAD_RECORD_TYPE:
      return failure(errc::tls,
                     fmt::format("{} does not speak TLS: leave the --tls options out, or let the daemon listen with TLS",
                                 peer.name),
                     origin::peer);
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return tls_failure(peer, "the daemon requires a client certificate: --tlscert/--tlskey");
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      // TLS 1.2 has no alert for a missing client certificate.
      if (certificate.empty())
        return tls_failure(peer,
                           "the daemon ended the TLS handshake; it probably requires a client certificate: "
                           "--tlscert/--tlskey");
      break;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      if (!certificate.empty())
        return tls_failure(peer, fmt::format("the daemon does not know the authority that signed our client "
                                             "certificate {}",
                                             certificate));
      break;
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return tls_failure(peer, fmt::format("our client certificate {} has expired", certificate));
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return tls_failure(peer, "the peer does not offer HTTP/2 (ALPN h2): is it a BuildKit daemon?");
    case SSL_R_BAD_EXTENSION:
      // OpenSSL refuses an ALPN answer that was not offered, but gives no reason.
      return tls_failure(peer, "the peer selected a protocol other than h2 (HTTP/2): is it a BuildKit daemon?");
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return tls_failure(peer, "the peer offers only versions of TLS before 1.2");
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
      return tls_failure(peer, fmt::format("the peer has no certificate for the name {}: --tlsservername",
                                           peer.expected));
    default: break;
  }
  const char* const text = error != 0 ? ERR_reason_error_string(error) : nullptr;
  // OpenSSL numbers the alerts of the peer from SSL_AD_REASON_OFFSET on.
  if (reason >= SSL_AD_REASON_OFFSET && !certificate.empty())
    return tls_failure(peer, fmt::format("the daemon refuses our TLS connection with client certificate {}: {}",
                                         certificate, text != nullptr ? text : "no reason given"));
  return tls_failure(peer, fmt::format("TLS: {}", text != nullptr ? text : "unknown error"));
}

}  // namespace peelbox::transport
