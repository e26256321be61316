// Package identity holds who acts: organisations, people, posts, roles, accounts and sessions.
//
// A person has posts (organisation × role × area scope, with a term) and acts in one post at a time. It does not decide
// what a post may do; kernel/policy does.
//
// Main types: Actor, Person, Post, Session.
package identity
