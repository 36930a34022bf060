# A mail of the gateway that was opened, with any client: STORE \Seen, or the \Seen of FETCH BODY[]. Not PEEK.
require ["environment", "imap4flags", "imapsieve", "variables", "vnd.dovecot.execute"];

if allof (environment :is "imap.cause" "FLAG",
          environment :contains "imap.changedflags" "\\Seen",
          hasflag "\\Seen",
          header :matches "Acuse-Id" "*") {
	set "id" "${1}";
	set "message" "";
	if header :matches "Message-ID" "*" {
		set "message" "${1}";
	}
	if environment :matches "imap.user" "*" {
		set "user" "${1}";
	}
	if environment :matches "imap.mailbox" "*" {
		set "folder" "${1}";
	}
	execute "reading" ["${user}", "${folder}", "${id}", "${message}"];
}
