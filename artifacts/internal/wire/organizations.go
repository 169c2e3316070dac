package wire

import "context"

// An Organization owns registries, which lie in an entity of its own.
type Organization struct {
	Name      string `json:"name"`
	OrgEntity *Name  `json:"orgEntity"`
}

type orgsOfEntity struct {
	Entity *struct {
		Organization *Organization `json:"organization"`
		User         *struct {
			Organizations []*Organization `json:"organizations"`
		} `json:"user"`
	} `graphql:"entity(name: $entity)" json:"entity"`
}

// OrganizationsOfEntity asks which organization a team belongs to, or which
// ones the user of a personal entity does. found is false where there is no
// such entity.
func OrganizationsOfEntity(ctx context.Context, s *Sender, entity string) (orgs []Organization, found bool, err error) {
	out, err := Do[orgsOfEntity](ctx, s, Op{Name: "FetchOrgInfoFromEntity"}, Vars{"entity": entity})
	if err != nil || out.Entity == nil {
		return nil, false, err
	}
	if o := out.Entity.Organization; o != nil && o.OrgEntity != nil {
		orgs = append(orgs, *o)
	}
	if u := out.Entity.User; u != nil {
		for _, o := range u.Organizations {
			if o != nil && o.OrgEntity != nil {
				orgs = append(orgs, *o)
			}
		}
	}
	return orgs, true, nil
}

// An OrganizationInfo is what a server says of an organization.
type OrganizationInfo struct {
	ID        ID     `json:"id"`
	Name      string `json:"name"`
	OrgEntity *struct {
		ID         ID      `json:"id"`
		Name       string  `json:"name"`
		EntityType *string `json:"entityType"`
	} `json:"orgEntity"`
}

type organization struct {
	Organization *OrganizationInfo `graphql:"organization(name: $org)" json:"organization"`
}

// GetOrganization finds an organization by its display name; nil if it is not
// there.
func GetOrganization(ctx context.Context, s *Sender, name string) (*OrganizationInfo, error) {
	out, err := Do[organization](ctx, s, Op{Name: "FetchOrganization"}, Vars{"org": name})
	if err != nil {
		return nil, err
	}
	return out.Organization, nil
}

// CreateOrganizationInput names a new organization.
type CreateOrganizationInput struct {
	Name string `json:"name"`
}

type createOrganization struct {
	Result *struct {
		Organization *OrganizationInfo `json:"organization"`
	} `graphql:"createOrganization(input: $input)" json:"createOrganization"`
}

// CreateOrganization makes an organization; the answer can be nil.
func CreateOrganization(ctx context.Context, s *Sender, in CreateOrganizationInput) (*OrganizationInfo, error) {
	out, err := Do[createOrganization](ctx, s, Op{"CreateOrganization", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil {
		return nil, err
	}
	return out.Result.Organization, nil
}

type registryFeatures struct {
	Organization *struct {
		Features *struct {
			AdvancedSearch bool `json:"advancedSearch"`
		} `graphql:"advancedRegistryFeatures" json:"advancedRegistryFeatures"`
	} `graphql:"organization(name: $organization)" json:"organization"`
}

// AdvancedRegistrySearch asks whether the versions of an organization's
// registries can be ordered and found by more fields.
func AdvancedRegistrySearch(ctx context.Context, s *Sender, org string) (bool, error) {
	out, err := Do[registryFeatures](ctx, s, Op{Name: "FetchAdvancedRegistryFeatures"}, Vars{"organization": org})
	if err != nil || out.Organization == nil || out.Organization.Features == nil {
		return false, err
	}
	return out.Organization.Features.AdvancedSearch, nil
}
