// Keys that exist for these tests only.
#pragma once

#include <string_view>

namespace peelbox::test {

constexpr std::string_view ed25519_openssh =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACA+lFPMYJa/+knFdls0DY2SFitDLkNqU4H1NZK/3jW2RwAAAJByiwn3cosJ\n"
    "9wAAAAtzc2gtZWQyNTUxOQAAACA+lFPMYJa/+knFdls0DY2SFitDLkNqU4H1NZK/3jW2Rw\n"
    "AAAEB+KcsLWO8kcUOYxXDDpDOXoZFpGtOur1zSYTz27N7Mbj6UU8xglr/6ScV2WzQNjZIW\n"
    "K0MuQ2pTgfU1kr/eNbZHAAAAB2VkQHRlc3QBAgMEBQY=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view rsa_openssh =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdzc2gtcn\n"
    "NhAAAAAwEAAQAAAQEAmngISBTBy4ORKeUtoyIOM6d/sCAoB3k1jbPo85GeNbEt5lAg3AOV\n"
    "sNFGkxU5B179eSPESuS5MwpYJcCWmI0wjqHZgGrXw9M/SEjcZKCFbIboTY210nzXykJj6H\n"
    "eS44GbVO3oLAHgkUcQAyMep+BrmdgrWbQMeXSz+t91exlUZ7+Ex6M8nLSGgLQcltM+/+3Q\n"
    "rTQm9kwQDYzfaK9qdcczIND0X8sBkG3mTjK/7UTTI234zngWuNKfIPHCkW3Fm5nI5yo26U\n"
    "/wBImo3mD/OZsQ1rCQNli6LcX5pbCd7c0qdU3O1Ws8Uhe9JRXHGbCvm2mImZ9UWLvwc+6t\n"
    "lnlTd5virwAAA8Dx4D+Q8eA/kAAAAAdzc2gtcnNhAAABAQCaeAhIFMHLg5Ep5S2jIg4zp3\n"
    "+wICgHeTWNs+jzkZ41sS3mUCDcA5Ww0UaTFTkHXv15I8RK5LkzClglwJaYjTCOodmAatfD\n"
    "0z9ISNxkoIVshuhNjbXSfNfKQmPod5LjgZtU7egsAeCRRxADIx6n4GuZ2CtZtAx5dLP633\n"
    "V7GVRnv4THozyctIaAtByW0z7/7dCtNCb2TBANjN9or2p1xzMg0PRfywGQbeZOMr/tRNMj\n"
    "bfjOeBa40p8g8cKRbcWbmcjnKjbpT/AEiajeYP85mxDWsJA2WLotxfmlsJ3tzSp1Tc7Vaz\n"
    "xSF70lFccZsK+baYiZn1RYu/Bz7q2WeVN3m+KvAAAAAwEAAQAAAQADONO7ZStxqknh3NTp\n"
    "3TD8pNbF/rW3CjEyxnjqc7QgHJT/g9ZboHuD16moMb4hyDpzR2q1wTWXufSCvRSnE/LaVs\n"
    "fppNDhVcuxH0vxkWOXEu1PiNAtFsuNfXsGA1B+DFsIF3pLSLK9dQUBe78M82JrMBYfZeEI\n"
    "u4Vxiy2xJqMbEtxOaE4IUM8fwE5P3w8cDVNYq3Iyi6QN3NJowytSDy/SZsqJBEAga7FK3H\n"
    "Q0sdmEy6ke+J+VoWqZpSCJOUjLYY2ay83y5T/Ahb1XUbQg2M2Ri+VR4hgehaU0uik5xagB\n"
    "/t3btR63GizLL3kLvs7b5jFouyCrv8F0ihGSSBzMOuyZAAAAgCIy69er1Rqq4N56h4GtPq\n"
    "ZHaD6DcDhW80w+U6vnoTEGAlXTUbQKLwLahslU9SZ8Ulbg/R29b8NvHxVmTPetL8+30wi2\n"
    "ybbNPiRozrfPsj6udwQak8oubQeJTdtpAuRD39Ibv0aSQ+nVyTB+t634DlORDTF+ykb8U8\n"
    "M7zd0f5uKdAAAAgQDNI0f8mQZcntcI/sGFh5s+5+s+O8e5Q1kT4dGmw3LG+H8W494Dj20k\n"
    "s8Wo75mgJgOeg9oJ+vou9wekpQxnbI7xBMK8yQ9LxyKebCCRpD/SPhmvKnhbdV652viDJn\n"
    "nxHbMrRBKqMRQ6+qKP+dsrniFfsGMgimdlnuuIqzYG5Mv19QAAAIEAwMSj1DeVjHgpeK/4\n"
    "ckk8ZZNSfBzdXi+6BIkBVJoTphn47FCE16zDwm+WpsmYzn3Zm4fnKzgiLgugrC8VJSDukW\n"
    "eqMYVXjf9S109pK1+fVWCyDvgiqeNVIoH9N3GTr8NPAjg1eM5Co27BE7BvVulr3vP/E55P\n"
    "Erxhsg5XgnGHq5MAAAAIcnNhQHRlc3QBAgM=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view rsa_pem =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIEogIBAAKCAQEAmngISBTBy4ORKeUtoyIOM6d/sCAoB3k1jbPo85GeNbEt5lAg\n"
    "3AOVsNFGkxU5B179eSPESuS5MwpYJcCWmI0wjqHZgGrXw9M/SEjcZKCFbIboTY21\n"
    "0nzXykJj6HeS44GbVO3oLAHgkUcQAyMep+BrmdgrWbQMeXSz+t91exlUZ7+Ex6M8\n"
    "nLSGgLQcltM+/+3QrTQm9kwQDYzfaK9qdcczIND0X8sBkG3mTjK/7UTTI234zngW\n"
    "uNKfIPHCkW3Fm5nI5yo26U/wBImo3mD/OZsQ1rCQNli6LcX5pbCd7c0qdU3O1Ws8\n"
    "Uhe9JRXHGbCvm2mImZ9UWLvwc+6tlnlTd5virwIDAQABAoIBAAM407tlK3GqSeHc\n"
    "1OndMPyk1sX+tbcKMTLGeOpztCAclP+D1luge4PXqagxviHIOnNHarXBNZe59IK9\n"
    "FKcT8tpWx+mk0OFVy7EfS/GRY5cS7U+I0C0Wy419ewYDUH4MWwgXektIsr11BQF7\n"
    "vwzzYmswFh9l4Qi7hXGLLbEmoxsS3E5oTghQzx/ATk/fDxwNU1ircjKLpA3c0mjD\n"
    "K1IPL9JmyokEQCBrsUrcdDSx2YTLqR74n5WhapmlIIk5SMthjZrLzfLlP8CFvVdR\n"
    "tCDYzZGL5VHiGB6FpTS6KTnFqAH+3du1HrcaLMsveQu+ztvmMWi7IKu/wXSKEZJI\n"
    "HMw67JkCgYEAzSNH/JkGXJ7XCP7BhYebPufrPjvHuUNZE+HRpsNyxvh/FuPeA49t\n"
    "JLPFqO+ZoCYDnoPaCfr6LvcHpKUMZ2yO8QTCvMkPS8cinmwgkaQ/0j4Zryp4W3Ve\n"
    "udr4gyZ58R2zK0QSqjEUOvqij/nbK54hX7BjIIpnZZ7riKs2BuTL9fUCgYEAwMSj\n"
    "1DeVjHgpeK/4ckk8ZZNSfBzdXi+6BIkBVJoTphn47FCE16zDwm+WpsmYzn3Zm4fn\n"
    "KzgiLgugrC8VJSDukWeqMYVXjf9S109pK1+fVWCyDvgiqeNVIoH9N3GTr8NPAjg1\n"
    "eM5Co27BE7BvVulr3vP/E55PErxhsg5XgnGHq5MCgYA1hMDhK+M3AtHDLQO8HJbq\n"
    "IIOFJv+CXAm/YCjcQx2Mv4QYqrZfY2nsK2KkIm6IE6LaFjgqZmojGpvJ3q2Pxgi8\n"
    "5KsRqbrt4DQt9LPCi4GDDmSRCJmB8usVvgUb4kvqFf+KiCX+dPN8N6t1uI/vnz/B\n"
    "wTj7YmB7aKy2aUSdI8/6iQKBgGOEoTesQo60cmSWJGOMH5wpBIqCtF4tsZEp0gAF\n"
    "U2OLQRFvOEXIMYAt787HgRYJrtA2x0duwWaYJij+XaI/cCqtJBZQyrTKPdBedOMp\n"
    "iK6hLwu/WtXuQUOBbGK1RhOVdzKkJibqBUkuoosxqSlrdH8z5FoSfqwjiSRNdywm\n"
    "xG31AoGAIjLr16vVGqrg3nqHga0+pkdoPoNwOFbzTD5Tq+ehMQYCVdNRtAovAtqG\n"
    "yVT1JnxSVuD9Hb1vw28fFWZM960vz7fTCLbJts0+JGjOt8+yPq53BBqTyi5tB4lN\n"
    "22kC5EPf0hu/RpJD6dXJMH63rfgOU5ENMX7KRvxTwzvN3R/m4p0=\n"
    "-----END RSA PRIVATE KEY-----\n";
constexpr std::string_view ecdsa_openssh =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAiAAAABNlY2RzYS\n"
    "1zaGEyLW5pc3RwMzg0AAAACG5pc3RwMzg0AAAAYQS6Tl/UfdYqPq3C7jDsm2oa3U8Ki3N8\n"
    "+Ln7g168pAxy4qCkzy9QXX0r/LPnPgSbHn/rlmJpneRbZwA9IZI875rQIgS/kFRy0+N4z7\n"
    "kqEbMoUupv65sV9NJBfdM1CfDhAJsAAADQsJW0DLCVtAwAAAATZWNkc2Etc2hhMi1uaXN0\n"
    "cDM4NAAAAAhuaXN0cDM4NAAAAGEEuk5f1H3WKj6twu4w7JtqGt1PCotzfPi5+4NevKQMcu\n"
    "KgpM8vUF19K/yz5z4Emx5/65ZiaZ3kW2cAPSGSPO+a0CIEv5BUctPjeM+5KhGzKFLqb+ub\n"
    "FfTSQX3TNQnw4QCbAAAAMQDvnA8B0XBs3UR6kUudaOy2IheCeAszknYy94jG8Hr+t63U/M\n"
    "t7Ywf+GPpocGZeBdEAAAAHZWNAdGVzdA==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view ecdsa_pem =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIGkAgEBBDDvnA8B0XBs3UR6kUudaOy2IheCeAszknYy94jG8Hr+t63U/Mt7Ywf+\n"
    "GPpocGZeBdGgBwYFK4EEACKhZANiAAS6Tl/UfdYqPq3C7jDsm2oa3U8Ki3N8+Ln7\n"
    "g168pAxy4qCkzy9QXX0r/LPnPgSbHn/rlmJpneRbZwA9IZI875rQIgS/kFRy0+N4\n"
    "z7kqEbMoUupv65sV9NJBfdM1CfDhAJs=\n"
    "-----END EC PRIVATE KEY-----\n";
constexpr std::string_view ed25519_locked =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDwrmnQzv\n"
    "WMVf+PVa+dSO6yAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIDKJsuTLKUyXcksR\n"
    "57rbT6v4jjOFg8efNRGgki5jdJzJAAAAkKjP5FlNS9wLPovqYakpDPpNuKr7Z23D/fM6Ly\n"
    "b00rUIvSoW2TdDzUskiAH9H4Gd8SeglZWYtRPOV+9IAwZruacmsd5KWVfU5cSw7eZ3pO0L\n"
    "jA+Mii/Z9clm6Za6+YIFC+JyUcRuHUp32Te1n+L/4OJz8RmLxGP7Yp9vX8jyp8tUJ8oap6\n"
    "cafktfW9255fQcow==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view rsa_pem_locked =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,549019D309CD86FB7D9F8F30AE9B9576\n"
    "\n"
    "YZrL6czYX8Ks4KugOus6p12JBbHYv8IiZBTcuCAKtC9Qa12Dg0u69QWlwJhQjR79\n"
    "VRLmd5LMDnaf0F98K/TRoTFSW9UCntPew4qneShgSTCVEyz1arOE2ykdXWwPjazb\n"
    "Jl7VqYRo8S9n+Ki7/2pV76P0coA34RnKyFSbdYmhOg6Hi30NEq2om5D9jyqX1qhT\n"
    "jj5Vw1oYzYAX0BxViEFSgjcf0SnOw0RB5jchyPq9fRwIlDIRHibRJZTf3FVbpHr7\n"
    "tfVeWritGgWen2/ivc3saZF+ygDkzE3T4Plb2TmSu/J1k2DfeOMkLI1M77DJPZa6\n"
    "grVtAWH7auz+klU8ouRzWCtOt+4ZNVlYSCbVfuCDw/W9kaq5riOwOIofZGb6kgNB\n"
    "1xYBsGuBS4hiOqeiml1HK2jQs1b30DpLbkK80KX8RdqckKpqKq8vc5U73GrmoGsW\n"
    "rPEkpX4vx4InzQc+n+Y0P2CwVcR6P6cnzCkdMgh+btm+TWlRJ7T50XSyjNwpM5qd\n"
    "xBCthSMRNnqw0mT5jxIUeQhU4vr6NyhAhoiGERtltfjQa+ZSrKHGHjxMbFq135gR\n"
    "buw/InPcxGzMbr0Bt06VkBNVrBjg9e3N/EFMVankcjAVcNfMX7Ymz+aqcSP6ZZi7\n"
    "nC7gn1tRZlxCKcj/qqTrPISHp8f9TbrwG5M0ulhVWIJu7+K/2bpysrDKYiZBcq34\n"
    "kX8gy4iPPyqvKcH7kpnLwr0dnz/JmSp8QHxYBqhg+aSz7n/xhKkiyo1ll6K8GvJQ\n"
    "dV0pQuIIgo9CIYqpeLmaB2IDnbvI8+byP18KqTbBGBf6lCskU5udTLEeqEfc5Nqr\n"
    "XMsmGNOGPzULBC6GYp60ujqpQVQSsjx1CSMPUMSPCKI5zOWMHpHG7JjrX8Q457Oh\n"
    "cd9MAYQh0LGxUAGKABRFtp1IIctneiXWVXKkaPhKZlqmAReny1KLHmv0SNvj9+4a\n"
    "lQHCIdofq2/uvYvuJ4Qz0seX8l+TsbBKhvH7vVFOtiUXy+i927fSDQKTugnhGFGT\n"
    "kwBBYIsSWedXPIeO+WaKYNUYjnQkMeIAgkJircrp7FHj1pWw8avFAdnQ504oAQK5\n"
    "HuSQn+6rWNtc03zRCqfVVg+0InrhuW9PwDD3KM5NTcQgmSxKolf4GGAHgG7IsCZd\n"
    "ot20JHumS0FAgEojj9DpAP8SO5zVE50Hehx3vibp1l9VOpd07gdOblSVMD4nCj7W\n"
    "q+DxBlbvsWJD7kgM6kLS3GCxyBZ32Qkmom6rVXQjy/iUTgTfzG4hxFIZaOfCkOKN\n"
    "5/Bf+To/l8SLPjub4saFojyGPRRvPnhyl9bFwZ1ESh5P3X0zt6lsPXUBoH87BrKk\n"
    "ZujKsPv8WVtJxqNUumJgZdtwYyC8sEewMf8VZLwmsOMxxcRFpgNWd1YiuGyxsc5f\n"
    "MLhZgXtESt43J4wqZZuRq6if7Sy/eXtTJTWAm/ky9dbjEDQu7cBi6A7e2SI1qBRo\n"
    "DUIkR1iJxy76YYzLDfcrWtJDi9GErhq8hdSh8CLyE1Cq7VOtfCp4XY+CDJ7K11Xs\n"
    "xnbEoQQd2RnFVnYTAPJ3QsORPjfLvLKfMpvsw8byrOPGm4mUMB4PB2QyUygLbBYg\n"
    "-----END RSA PRIVATE KEY-----\n";
constexpr std::string_view ed25519_pkcs8 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIL18rjuozufM07+V/6+AOhE78mMhpUC06jxIumTw5htG\n"
    "-----END PRIVATE KEY-----\n";

// What ssh-keygen writes for them into .pub files.
constexpr std::string_view ed25519_public =
    "AAAAC3NzaC1lZDI1NTE5AAAAID6UU8xglr/6ScV2WzQNjZIWK0MuQ2pTgfU1kr/eNbZH";
constexpr std::string_view rsa_public =
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCaeAhIFMHLg5Ep5S2jIg4zp3+wICgHeTWNs+jzkZ41sS3mUCDcA5Ww0UaTFTkHXv15I8RK5LkzClglwJaYjTCOodmAatfD0z9ISNxkoIVshuhNjbXSfNfKQmPod5LjgZtU7egsAeCRRxADIx6n4GuZ2CtZtAx5dLP633V7GVRnv4THozyctIaAtByW0z7/7dCtNCb2TBANjN9or2p1xzMg0PRfywGQbeZOMr/tRNMjbfjOeBa40p8g8cKRbcWbmcjnKjbpT/AEiajeYP85mxDWsJA2WLotxfmlsJ3tzSp1Tc7VazxSF70lFccZsK+baYiZn1RYu/Bz7q2WeVN3m+Kv";
constexpr std::string_view ecdsa_public =
    "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBLpOX9R91io+rcLuMOybahrdTwqLc3z4ufuDXrykDHLioKTPL1BdfSv8s+c+BJsef+uWYmmd5FtnAD0hkjzvmtAiBL+QVHLT43jPuSoRsyhS6m/rmxX00kF90zUJ8OEAmw==";

}  // namespace peelbox::test
