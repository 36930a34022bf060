# ldap-schema
