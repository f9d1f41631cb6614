"""The operators' mutations and reports in the API."""
