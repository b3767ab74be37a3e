/**
 * Variables that images of others document. Mosquitto: mosquitto_sub(1), "Options". InfluxDB: entrypoint.sh of the image (the first
 * five and retention) and "InfluxDB configuration options"; SSL_CERT_FILE is of Go's crypto/x509, which `influx` is written with.
 * Grafana: "Configure Grafana", GF_SECTION_KEY for each key of a section, and __FILE for each of them by run.sh of the image.
 */
export const documentedVariables: Readonly<Record<string, readonly string[]>> = {
	mosquitto: ["XDG_CONFIG_HOME"],
	influxdb: [
		"DOCKER_INFLUXDB_INIT_MODE",
		"DOCKER_INFLUXDB_INIT_USERNAME",
		"DOCKER_INFLUXDB_INIT_PASSWORD_FILE",
		"DOCKER_INFLUXDB_INIT_ADMIN_TOKEN_FILE",
		"DOCKER_INFLUXDB_INIT_ORG",
		"DOCKER_INFLUXDB_INIT_BUCKET",
		"DOCKER_INFLUXDB_INIT_RETENTION",
		"INFLUXD_TLS_CERT",
		"INFLUXD_TLS_KEY",
		"INFLUXD_REPORTING_DISABLED",
		"SSL_CERT_FILE",
	],
	grafana: [
		"GF_SECURITY_ADMIN_PASSWORD__FILE",
		"GF_ANALYTICS_REPORTING_ENABLED",
		"GF_ANALYTICS_CHECK_FOR_UPDATES",
		"GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
		"GF_PLUGINS_PREINSTALL_DISABLED",
		"GF_USERS_ALLOW_SIGN_UP",
		"GF_USERS_DEFAULT_THEME",
		"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH",
	],
};
