package controlplane

import (
	"crypto/rand"
	"fmt"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// user is somebody who uses the API with a kubeconfig of his own.
type user struct {
	name, group string
	// kubeconfig is the file in the folder.
	kubeconfig string
}

// admin may do everything: that is us.
func admin() user { return user{"test-admin", "system:masters", "kubeconfig"} }

// users lists everybody; components are allowed what they are allowed in any cluster.
func (o Options) users() []user {
	all := []user{admin(), {"system:kube-controller-manager", "", "controllers.kubeconfig"}}
	if len(o.Nodes) == 0 {
		return all
	}
	all = append(all,
		user{"system:kube-scheduler", "", "scheduler.kubeconfig"},
		user{"system:kube-proxy", "", "proxy.kubeconfig"},
	)
	for _, node := range o.Nodes {
		all = append(all, user{"system:node:" + node, "system:nodes", "node-" + node + ".kubeconfig"})
	}
	return all
}

// writeUsers gives every user a token and a kubeconfig with it.
func (f *files) writeUsers(options Options) error {
	var lines []string
	for _, user := range options.users() {
		token := rand.Text()
		if user == admin() {
			f.adminToken = token
		}
		lines = append(lines, fmt.Sprintf("%s,%s,%s,%q", token, user.name, user.name, user.group))
		if err := f.writeKubeconfig(user, token); err != nil {
			return err
		}
	}
	return f.write("tokens.csv", []byte(strings.Join(lines, "\n")+"\n"))
}

func (f *files) writeKubeconfig(user user, token string) error {
	const cluster = "test"
	config := clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			cluster: {Server: f.url(), CertificateAuthorityData: f.authority.PEM()},
		},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{user.name: {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{cluster: {Cluster: cluster, AuthInfo: user.name}},
		CurrentContext: cluster,
	}
	if err := clientcmd.WriteToFile(config, f.path(user.kubeconfig)); err != nil {
		return fmt.Errorf("writing a kubeconfig: %w", err)
	}
	return nil
}
